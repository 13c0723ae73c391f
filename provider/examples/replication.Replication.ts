import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const changes = new cdcpipeline.stream.ChangeStream("changes", {kmsKeyArn: key.arn});
const roles = new cdcpipeline.replication.AccountRoles("roles", {});
const replication = new cdcpipeline.replication.Replication("replication", {
    streamArn: changes.arn,
    kmsKeyArn: key.arn,
    subnetIds: [
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    securityGroupId: "sg-0123456789abcdef0",
    source: {
        engineName: "mysql",
        secretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf",
    },
    tables: [{
        database: "shop",
        table: "orders",
    }],
}, {
    dependsOn: [roles],
});
export const taskArn = replication.taskArn;
