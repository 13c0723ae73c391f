import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const changes = new cdcpipeline.stream.ChangeStream("changes", {kmsKeyArn: key.arn});
const bucket = new cdcpipeline.lake.Bucket("bucket", {kmsKeyArn: key.arn});
const role = new cdcpipeline.search.DeliveryRole("role", {});
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
const history = new cdcpipeline.search.Delivery("history", {
    access: access,
    roleArn: role.arn,
    streamArn: changes.arn,
    backupBucketArn: bucket.arn,
    backupPrefix: "errors/search",
    vpcSubnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef1",
    kmsKeyArn: key.arn,
}, {
    dependsOn: [bucket],
});
export const delivery = history.name;
