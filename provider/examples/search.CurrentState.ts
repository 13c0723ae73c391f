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
    findings: "{\"tables\":[{\"database\":\"shop\",\"table\":\"orders\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}],\"primaryKey\":[\"id\"]}]}",
    parkingBucketArn: bucket.arn,
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef1",
    kmsKeyArn: key.arn,
    search: {
        current: {
            batchSize: 1000,
            enhancedFanOut: true,
        },
    },
}, {
    dependsOn: [bucket],
});
export const rowsFunction = rows.functionName;
