import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const bucket = new cdcpipeline.lake.Bucket("bucket", {
    environment: cdcpipeline.config.Environment.Prod,
    kmsKeyArn: key.arn,
    lake: {
        bucketName: "changes-of-orders",
    },
});
export const bucketName = bucket.name;
