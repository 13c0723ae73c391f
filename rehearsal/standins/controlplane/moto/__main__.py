"""Starts a moto server with the features that the pipeline needs and moto 5.2.5 lacks.

Run this folder with the arguments of moto_server: python controlplane/moto -H 127.0.0.1 -p 5000 Each module in
gaps/ patches one service when it is imported. Comments beside a patch say what it imitates.
"""

import os
import sys

# Managed policies (AmazonDMSVPCManagementRole …) are attached by ARN, so they must exist.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from gaps import athena, awslambda, cloudwatch, dms, ec2, firehose, glue, iam, kinesis, opensearch, opensearchserverless, rds, s3, secretsmanager  # noqa: E402, F401
from moto.server import main  # noqa: E402

if __name__ == "__main__":
    main(sys.argv[1:])
