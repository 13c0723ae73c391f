package network

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// interfaceEndpoints are the services that something inside the VPC calls.
//
//   - The DMS instance, since version 3.4.7, reads secrets and writes the stream through endpoints of the VPC alone,
//     https://docs.aws.amazon.com/dms/latest/userguide/CHAP_VPC_Endpoints.html, and S3 through the gateway endpoint.
//   - Functions in the VPC read secrets. Their logs, and an event source's polling, are not in the VPC.
//   - Session Manager's agent, through which a private domain is reached, needs the three of Systems Manager,
//     https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html, and logs for session logs.
//
// Not kms: Secrets Manager and Kinesis decrypt on the caller's behalf, outside the VPC.
var interfaceEndpoints = []string{"ec2messages", "kinesis-streams", "logs", "secretsmanager", "ssm", "ssmmessages"}

// makeS3Endpoint routes S3 inside AWS, without charge, https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html.
func (n *Network) makeS3Endpoint(ctx *pulumi.Context, d design, p *place, tables pulumi.StringArray) error {
	endpoint, err := ec2.NewVpcEndpoint(ctx, d.name+"-s3", &ec2.VpcEndpointArgs{
		VpcId:           p.vpcID,
		ServiceName:     pulumi.String(serviceName(p.region, "s3")),
		VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds:   tables,
		Tags:            named(d, "s3"),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("making the endpoint of s3: %w", err)
	}
	p.s3 = endpoint.PrefixListId
	n.Dependencies = append(n.Dependencies, endpoint)
	return nil
}

func (n *Network) makeInterfaceEndpoints(ctx *pulumi.Context, d design, p *place) error {
	for _, service := range interfaceEndpoints {
		endpoint, err := ec2.NewVpcEndpoint(ctx, d.name+"-"+service, &ec2.VpcEndpointArgs{
			VpcId:             p.vpcID,
			ServiceName:       pulumi.String(serviceName(p.region, service)),
			VpcEndpointType:   pulumi.String("Interface"),
			PrivateDnsEnabled: pulumi.Bool(true),
			SubnetIds:         n.SubnetIDs(),
			SecurityGroupIds:  pulumi.StringArray{n.SecurityGroups.Endpoints},
			Tags:              named(d, service),
		}, pulumi.Parent(n))
		if err != nil {
			return fmt.Errorf("making the endpoint of %s: %w", service, err)
		}
		n.Dependencies = append(n.Dependencies, endpoint)
	}
	return nil
}

// serviceName is an endpoint service of AWS, https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html.
func serviceName(region, service string) string {
	return "com.amazonaws." + region + "." + service
}
