#!/usr/bin/env bash
# npm aws-kinesis-agg 4.2.8 (awslabs' KPL aggregation for Node): if partition keys are numbers, for example ids of
# rows, deaggregated records have each other's keys. The library numbers the keys in the order in which they come. But
# it writes the table of keys as Object.keys() of an object, and JavaScript lists names that look like integers first,
# by size. So record "10" points at place 0, where "2" is. Keys in rising order, and texts such as "orders.10", come
# out right, so a test with 1, 2, 3 passes. The checksum is right as well. A consumer that groups by the key, or puts
# the records on by it, mistakes one row's changes for another's and loses the order of both.
# Seen: "in 10 2 33: out 2:10 10:2 33:33" (key:data), "in 1 2 3: out 1:1 2:2 3:3", "in orders.10 orders.2: out
# orders.10:orders.10 orders.2:orders.2".
# Needs Node.js with npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --no-save aws-kinesis-agg@4.2.8 >npm.log 2>&1 || { cat npm.log; exit 1; }
cat >main.js <<'JS'
const { RecordAggregator, deaggregateSync } = require("aws-kinesis-agg");

for (const keys of [["10", "2", "33"], ["1", "2", "3"], ["orders.10", "orders.2"]]) {
  const aggregator = new RecordAggregator();
  for (const key of keys) {
    aggregator.addUserRecord({ partitionKey: key, data: Buffer.from(key) }); // the data says whose it is
  }
  const { partitionKey, data } = aggregator.build();
  const received = { partitionKey, sequenceNumber: "1", data: data.toString("base64") }; // as Lambda gets it
  deaggregateSync(received, true, (failed, records) => {
    if (failed) throw failed;
    const out = records.map((r) => `${r.partitionKey}:${Buffer.from(r.data, "base64")}`);
    console.log(`in ${keys.join(" ")}: out ${out.join(" ")}`);
  });
}
JS
node main.js | tee seen
diff seen - <<'SEEN'
in 10 2 33: out 2:10 10:2 33:33
in 1 2 3: out 1:1 2:2 3:3
in orders.10 orders.2: out orders.10:orders.10 orders.2:orders.2
SEEN
