import * as pulumi from "@pulumi/pulumi";
import * as cdcpipeline from "@pulumi/cdcpipeline";

const network = new cdcpipeline.network.Network("network", {
    network: {
        cidr: "10.20.0.0/16",
        availabilityZones: 3,
        egress: cdcpipeline.config.Egress.Nat,
    },
    databases: [{
        port: 3306,
    }],
});
export const subnetIds = network.subnetIds;
