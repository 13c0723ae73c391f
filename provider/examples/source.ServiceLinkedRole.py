import pulumi
import pulumi_cdcpipeline as cdcpipeline

linked = cdcpipeline.source.ServiceLinkedRole("linked")
