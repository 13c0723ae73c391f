import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const stock = new cdcpipeline.source.AuroraPostgreSQL("stock", {
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef0",
    kmsKeyArn: key.arn,
    source: {
        clusterName: "stock",
        databaseName: "warehouse",
        slotWalGb: 50,
        tables: [{
            database: "public",
            table: "items",
        }],
        schemaFiles: ["items.sql"],
    },
});
export const host = stock.host;
