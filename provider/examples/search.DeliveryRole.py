import pulumi
import pulumi_cdcpipeline as cdcpipeline

role = cdcpipeline.search.DeliveryRole("role")
pulumi.export("roleArn", role.arn)
