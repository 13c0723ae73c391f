import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const domain = new cdcpipeline.search.Domain("domain", {
    kmsKeyArn: key.arn,
    subnetIds: ["subnet-0123456789abcdef0"],
    securityGroupId: "sg-0123456789abcdef0",
});
const access = new cdcpipeline.search.Access("access", {
    domain: domain,
    columns: [
        {
            name: "ordered_at",
            type: cdcpipeline.search.ColumnType.Date,
        },
        {
            name: "total",
            type: cdcpipeline.search.ColumnType.Double,
        },
    ],
    search: {
        reach: cdcpipeline.config.Reach.Direct,
        historyRetentionDays: 14,
    },
});
