import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const cdc = new cdcpipeline.pipeline.Pipeline("cdc", {
    environment: cdcpipeline.config.Environment.Prod,
    source: {
        existing: {
            host: "orders.example.com",
            secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
            securityGroupId: "sg-0123456789abcdef0",
        },
        tables: [{
            database: "shop",
            table: "orders",
        }],
    },
    network: {
        vpcId: "vpc-0123456789abcdef0",
        privateSubnetIds: [
            "subnet-0123456789abcdef0",
            "subnet-0123456789abcdef1",
            "subnet-0123456789abcdef2",
        ],
    },
});
export const dashboards = cdc.dashboardsUrl;
