import pulumi
import pulumi_cdcpipeline as cdcpipeline

network = cdcpipeline.network.Network("network",
    network={
        "cidr": "10.20.0.0/16",
        "availability_zones": 3,
        "egress": cdcpipeline.config.Egress.NAT,
    },
    databases=[{
        "port": 3306,
    }])
pulumi.export("subnetIds", network.subnet_ids)
