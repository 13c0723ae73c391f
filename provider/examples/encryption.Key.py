import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key", deletion_window_days=7)
pulumi.export("keyArn", key.arn)
