package network

import (
	"cdcpipeline/internal/footprint"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// makeS3Endpoint routes S3 traffic inside AWS, without charge,
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html.
func (n *Network) makeS3Endpoint(ctx *pulumi.Context, d design, p *place, tables pulumi.StringArray) error {
	endpoint, err := ec2.NewVpcEndpoint(ctx, d.name+"-s3", &ec2.VpcEndpointArgs{
		VpcId:           p.vpcID,
		ServiceName:     pulumi.String(footprint.EndpointService(p.region, "s3")),
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
	for _, service := range footprint.InterfaceEndpoints {
		endpoint, err := ec2.NewVpcEndpoint(ctx, d.name+"-"+service, &ec2.VpcEndpointArgs{
			VpcId:             p.vpcID,
			ServiceName:       pulumi.String(footprint.EndpointService(p.region, service)),
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
