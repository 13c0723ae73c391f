import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const changes = new cdcpipeline.stream.ChangeStream("changes", {kmsKeyArn: key.arn});
const bucket = new cdcpipeline.lake.Bucket("bucket", {kmsKeyArn: key.arn});
const domain = new cdcpipeline.search.Domain("domain", {
    kmsKeyArn: key.arn,
    subnetIds: ["subnet-0123456789abcdef0"],
    securityGroupId: "sg-0123456789abcdef0",
});
const access = new cdcpipeline.search.Access("access", {
    domain: domain,
    search: {
        reach: cdcpipeline.config.Reach.Direct,
    },
});
const rows = new cdcpipeline.search.CurrentState("rows", {
    access: access,
    streamArn: changes.arn,
    parkingBucketArn: bucket.arn,
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef1",
    kmsKeyArn: key.arn,
}, {
    dependsOn: [bucket],
});
const canary = new cdcpipeline.canary.Canary("canary", {
    access: access,
    secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:replication-AbCdEf",
    bucket: bucket.name,
    bucketArn: bucket.arn,
    failedPrefix: rows.failedPrefix,
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef1",
    kmsKeyArn: key.arn,
    source: {
        tables: [{
            database: "shop",
            table: "orders",
        }],
        schemaFiles: ["orders.sql"],
    },
}, {
    dependsOn: [bucket],
});
export const canaryFunction = canary.functionName;
