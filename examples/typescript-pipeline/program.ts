import * as cdc from "@pulumi/cdcpipeline";
import * as pulumi from "@pulumi/pulumi";

/** What the stack gives. */
export interface Outputs {
    dashboards: pulumi.Output<string>;
    masterSecretArn: pulumi.Output<string>;
    streamArn: pulumi.Output<string>;
    athenaWorkgroup: pulumi.Output<string>;
}

/** The program, for index.ts and for whoever drives Pulumi's Automation API. */
export async function program(): Promise<Outputs> {
    const pipeline = new cdc.pipeline.Pipeline("cdc", {
        environment: cdc.config.Environment.Dev,
        // Aurora MySQL, with the table testdb.retail_trans
        source: { enabled: true },
        // Aurora PostgreSQL, beside it
        sources: {
            stock: {
                engine: cdc.config.Engine.Postgresql,
                databaseName: "warehouse",
                tables: [{ database: "public", table: "items" }],
                schemaFiles: ["items.sql"],
                setReplicaIdentity: true,
            },
        },
        search: { historyRetentionDays: 14 },
    });
    return {
        dashboards: pipeline.dashboardsUrl,
        masterSecretArn: pipeline.searchMasterSecretArn,
        streamArn: pipeline.streamArn,
        athenaWorkgroup: pipeline.athenaWorkgroup,
    };
}
