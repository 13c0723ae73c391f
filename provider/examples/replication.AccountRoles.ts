import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const roles = new cdcpipeline.replication.AccountRoles("roles", {});
