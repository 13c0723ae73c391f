import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const orders = new cdcpipeline.source.Existing("orders", {source: {
    existing: {
        host: "orders.example.com",
        secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
        securityGroupId: "sg-0123456789abcdef0",
    },
}});
export const host = orders.host;
