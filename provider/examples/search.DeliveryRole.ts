import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const role = new cdcpipeline.search.DeliveryRole("role", {});
export const roleArn = role.arn;
