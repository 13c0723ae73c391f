import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const changes = new cdcpipeline.stream.ChangeStream("changes", {
    environment: cdcpipeline.config.Environment.Prod,
    kmsKeyArn: key.arn,
    stream: {
        name: "orders",
        retentionHours: 336,
    },
});
export const streamArn = changes.arn;
