import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const collections = new cdcpipeline.search.Collections("collections", {
    kmsKeyArn: key.arn,
    vpcId: "vpc-0123456789abcdef0",
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef0",
    search: {
        reach: cdcpipeline.config.Reach.Direct,
        historyRetentionDays: 14,
    },
});
