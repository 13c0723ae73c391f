import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const key = new cdcpipeline.encryption.Key("key", {});
const linked = new cdcpipeline.search.ServiceLinkedRole("linked", {});
const orders = new cdcpipeline.search.Domain("orders", {
    kmsKeyArn: key.arn,
    subnetIds: ["subnet-0123456789abcdef0"],
    securityGroupId: "sg-0123456789abcdef0",
    search: {
        domainName: "orders",
        instanceType: "r7g.large.search",
        volumeGb: 100,
    },
}, {
    dependsOn: [linked],
});
export const endpoint = orders.endpoint;
