import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const changes = new cdcpipeline.stream.ChangeStream("changes", {kmsKeyArn: key.arn});
const bucket = new cdcpipeline.lake.Bucket("bucket", {kmsKeyArn: key.arn});
const delivery = new cdcpipeline.lake.Delivery("delivery", {
    streamArn: changes.arn,
    bucketArn: bucket.arn,
    kmsKeyArn: key.arn,
    lake: {
        bufferSeconds: 120,
    },
}, {
    dependsOn: [bucket],
});
