import pulumi
import pulumi_cdcpipeline as cdcpipeline

linked = cdcpipeline.search.ServiceLinkedRole("linked")
