import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const bucket = new cdcpipeline.lake.Bucket("bucket", {kmsKeyArn: key.arn});
const catalog = new cdcpipeline.lake.Catalog("catalog", {
    bucket: bucket.name,
    bucketArn: bucket.arn,
    kmsKeyArn: key.arn,
    sources: [{
        tables: [{
            database: "shop",
            table: "orders",
        }],
        found: "{\"tables\":[{\"database\":\"shop\",\"table\":\"orders\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}],\"primaryKey\":[\"id\"]}]}",
    }],
    lake: {
        catalog: {
            database: "shop",
        },
    },
});
export const readerPolicy = catalog.readerPolicy;
