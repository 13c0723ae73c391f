import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const bucket = new cdcpipeline.lake.Bucket("bucket", {kmsKeyArn: key.arn});
const tables = new cdcpipeline.lake.Tables("tables", {
    bucket: bucket.name,
    bucketArn: bucket.arn,
    kmsKeyArn: key.arn,
    database: "shop",
    tables: [{
        database: "shop",
        table: "orders",
    }],
    found: "{\"tables\":[{\"database\":\"shop\",\"table\":\"orders\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}],\"primaryKey\":[\"id\"]}]}",
    lake: {
        tables: {
            format: cdcpipeline.config.TableFormat.Iceberg,
            minutes: 15,
        },
    },
});
export const job = tables.jobName;
