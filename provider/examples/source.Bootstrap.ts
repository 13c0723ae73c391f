import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const bootstrap = new cdcpipeline.source.Bootstrap("bootstrap", {
    database: {
        host: "orders.example.com",
        port: 3306,
        adminSecretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
    },
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef0",
    kmsKeyArn: key.arn,
    source: {
        tables: [{
            database: "shop",
            table: "orders",
        }],
        schemaFiles: ["orders.sql"],
    },
});
export const findings = bootstrap.findings;
