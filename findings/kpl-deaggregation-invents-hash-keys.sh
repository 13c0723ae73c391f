#!/usr/bin/env bash
# PyPI aws-kinesis-agg 1.2.3 (awslabs' KPL aggregation for Python, protobuf 6.33.0): if an aggregated record has no
# explicit hash key, deaggregation gives it the explicit hash key of another record. In the message, the index into
# the list of keys is optional and reads as 0 if it is missing; the library does not check whether it is set. If a
# program puts these records into another stream unchanged, all of them go to one shard. Besides, the package needs
# six but does not declare it. After a plain install it cannot be imported.
# Seen: "import without six: ModuleNotFoundError", then for the second record, which has no hash key, "orders.2:
# explicitHashKey 170141183460469231731687303715884105728".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check aws-kinesis-agg==1.2.3 protobuf==6.33.0
if env/bin/python -c 'import aws_kinesis_agg.aggregator' 2>error; then
    echo "import without six: works"
else
    echo "import without six: $(grep -o '^ModuleNotFoundError' error)"
fi | tee seen
env/bin/pip install --quiet --disable-pip-version-check six==1.17.0
cat >main.py <<'PY'
import base64

from aws_kinesis_agg.aggregator import RecordAggregator
from aws_kinesis_agg.deaggregator import deaggregate_records

together = RecordAggregator()
together.add_user_record("orders.1", b'{"n": 1}', str(1 << 127))
together.add_user_record("orders.2", b'{"n": 2}')
key, _, data = together.clear_and_get().get_contents()
record = {"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": "1",
                      "approximateArrivalTimestamp": 1.0, "data": base64.b64encode(data).decode()}}
for one in deaggregate_records([record]):
    print(f"{one['kinesis']['partitionKey']}: explicitHashKey {one['kinesis']['explicitHashKey']}")
PY
env/bin/python main.py | tee -a seen
diff seen - <<'SEEN'
import without six: ModuleNotFoundError
orders.1: explicitHashKey 170141183460469231731687303715884105728
orders.2: explicitHashKey 170141183460469231731687303715884105728
SEEN
