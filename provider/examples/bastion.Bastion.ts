import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const bastion = new cdcpipeline.bastion.Bastion("bastion", {
    subnetId: "subnet-0123456789abcdef0",
    securityGroupId: "sg-0123456789abcdef0",
    kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/1234",
    bastion: {
        instanceType: "t4g.micro",
    },
});
export const instanceId = bastion.instanceId;
