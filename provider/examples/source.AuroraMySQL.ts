import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const orders = new cdcpipeline.source.AuroraMySQL("orders", {
    environment: cdcpipeline.config.Environment.Prod,
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef0",
    kmsKeyArn: key.arn,
    source: {
        clusterName: "orders",
    },
});
export const host = orders.host;
