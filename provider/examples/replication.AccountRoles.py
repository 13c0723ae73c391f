import pulumi
import pulumi_cdcpipeline as cdcpipeline

roles = cdcpipeline.replication.AccountRoles("roles")
