package stages

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/account/ec2"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// surroundings are the environment of a stack that adopts everything, beyond the values that name it.
type surroundings struct {
	ec2                *ec2.Client
	vpc, subnet, third string
	database, group    string // security groups of the database and of the endpoints
	// endpoint and nic are removed and made again.
	endpoint, nic string
}

const (
	vpcKey     = "cdc-pipeline:network.vpcId"
	secondKey  = "cdc-pipeline:network.privateSubnetIds[1]"
	groupKey   = "cdc-pipeline:source.existing.securityGroupId"
	vpcBlock   = "10.9.0.0/16"
	someSecret = "preflight/"
)

// plannedAdoption is a stack that adopts everything.
func plannedAdoption(ctx context.Context, r *Run) (*plan, error) {
	values := map[string]string{
		"cdc-pipeline:source.bootstrap":     "check",
		"cdc-pipeline:source.existing.host": "db.internal",
	}
	for _, making := range []func(context.Context, *Run, map[string]string) error{foreignNetwork, foreignKey, foreignBucket, foreignSecrets} {
		if err := making(ctx, r, values); err != nil {
			return nil, fmt.Errorf("making what the stack is to adopt: %w", err)
		}
	}
	at := &surroundings{ec2: ec2.NewFromConfig(r.World.Account.Config()), vpc: values[vpcKey], subnet: values["cdc-pipeline:network.privateSubnetIds[0]"], database: values[groupKey]}
	if err := at.complete(ctx); err != nil {
		return nil, fmt.Errorf("making what the stack is to adopt: %w", err)
	}
	s, err := newStack(ctx, r, "adopted", nil, values)
	if err != nil {
		return nil, err
	}
	p := &plan{stack: "adopted", set: s.SetConfig}
	p.breaks = at.breaks(r, p, values)
	return p, nil
}

// foreignSecrets makes the administrator's and the replication user's secrets.
func foreignSecrets(ctx context.Context, r *Run, values map[string]string) error {
	client := secretsmanager.NewFromConfig(r.World.Account.Config())
	for key, name := range map[string]string{"source.existing.secretArn": "admin", "source.replicationSecretArn": "reader"} {
		made, err := client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String(someSecret + name), SecretString: aws.String("{}")})
		if err != nil {
			return fmt.Errorf("keeping a login: %w", err)
		}
		values["cdc-pipeline:"+key] = aws.ToString(made.ARN)
	}
	return nil
}

// complete adds what the network lacks: endpoints with their group, a database's interface, an extra subnet.
func (at *surroundings) complete(ctx context.Context) error {
	var made struct {
		Group  string   `xml:"groupId"`
		Subnet string   `xml:"subnet>subnetId"`
		Tables []string `xml:"routeTableSet>item>routeTableId"`
	}
	group := url.Values{"VpcId": {at.vpc}, "GroupName": {"endpoints"}, "GroupDescription": {"somebody else's endpoints"}}
	if err := at.ec2.Call(ctx, "CreateSecurityGroup", group, &made); err != nil {
		return err
	}
	at.group = made.Group
	subnet := url.Values{"VpcId": {at.vpc}, "CidrBlock": {"10.9.9.0/24"}, "AvailabilityZone": {"us-east-1a"}}
	if err := at.ec2.Call(ctx, "CreateSubnet", subnet, &made); err != nil {
		return err
	}
	at.third = made.Subnet
	ofVPC := url.Values{}
	awsapi.Filter(ofVPC, 0, "vpc-id", at.vpc)
	if err := at.ec2.Call(ctx, "DescribeRouteTables", ofVPC, &made); err != nil {
		return err
	}
	gateway := url.Values{"VpcId": {at.vpc}, "VpcEndpointType": {"Gateway"}, "ServiceName": {footprint.EndpointService(account.Region, "s3")}}
	awsapi.Numbered(gateway, "RouteTableId.", made.Tables...)
	if err := at.ec2.Call(ctx, "CreateVpcEndpoint", gateway, nil); err != nil {
		return err
	}
	for _, service := range footprint.InterfaceEndpoints {
		if err := at.makeEndpoint(ctx, service); err != nil {
			return err
		}
	}
	if err := at.admit(ctx, "AuthorizeSecurityGroupIngress"); err != nil {
		return err
	}
	return at.makeInterface(ctx)
}

// makeEndpoint makes a service's endpoint. The last one is removed and made again later.
func (at *surroundings) makeEndpoint(ctx context.Context, service string) error {
	values := url.Values{
		"VpcId": {at.vpc}, "VpcEndpointType": {"Interface"}, "ServiceName": {footprint.EndpointService(account.Region, service)}, "PrivateDnsEnabled": {"true"},
		"SubnetId.1": {at.subnet}, "SecurityGroupId.1": {at.group},
	}
	var made struct {
		ID string `xml:"vpcEndpoint>vpcEndpointId"`
	}
	err := at.ec2.Call(ctx, "CreateVpcEndpoint", values, &made)
	at.endpoint = made.ID
	return err
}

func (at *surroundings) admit(ctx context.Context, action string) error {
	return at.ec2.Call(ctx, action, url.Values{
		"GroupId": {at.group}, "IpPermissions.1.IpProtocol": {"tcp"}, "IpPermissions.1.FromPort": {"443"}, "IpPermissions.1.ToPort": {"443"},
		"IpPermissions.1.IpRanges.1.CidrIp": {vpcBlock},
	}, nil)
}

func (at *surroundings) makeInterface(ctx context.Context) error {
	var made struct {
		ID string `xml:"networkInterface>networkInterfaceId"`
	}
	err := at.ec2.Call(ctx, "CreateNetworkInterface", url.Values{"SubnetId": {at.subnet}, "SecurityGroupId.1": {at.database}}, &made)
	at.nic = made.ID
	return err
}

// breaks of the adopted resources.
func (at *surroundings) breaks(r *Run, p *plan, values map[string]string) map[string]breaker {
	config := r.World.Account.Config()
	hostnames := func(on string) func(context.Context) error {
		return func(ctx context.Context) error {
			return at.ec2.Call(ctx, "ModifyVpcAttribute", url.Values{"VpcId": {at.vpc}, "EnableDnsHostnames.Value": {on}}, nil)
		}
	}
	last := footprint.InterfaceEndpoints[len(footprint.InterfaceEndpoints)-1]
	return map[string]breaker{
		"vpc/dns":     there(hostnames("false"), hostnames("true")),
		"vpc/subnets": p.setting(secondKey, at.third, values[secondKey]),
		"vpc/endpoints": there(
			func(ctx context.Context) error {
				return at.ec2.Call(ctx, "DeleteVpcEndpoints", url.Values{"VpcEndpointId.1": {at.endpoint}}, nil)
			},
			func(ctx context.Context) error { return at.makeEndpoint(ctx, last) }),
		"vpc/endpoint-access": there(
			func(ctx context.Context) error { return at.admit(ctx, "RevokeSecurityGroupIngress") },
			func(ctx context.Context) error { return at.admit(ctx, "AuthorizeSecurityGroupIngress") }),
		"adopted/database-group": there(
			func(ctx context.Context) error {
				return at.ec2.Call(ctx, "DeleteNetworkInterface", url.Values{"NetworkInterfaceId": {at.nic}}, nil)
			},
			at.makeInterface),
		"adopted/database-secret":    secretGone(config, values["cdc-pipeline:source.existing.secretArn"]),
		"adopted/replication-secret": secretGone(config, values["cdc-pipeline:source.replicationSecretArn"]),
		"adopted/key":                keyDisabled(config, values["cdc-pipeline:encryption.kmsKeyArn"]),
		"adopted/log-bucket":         bucketGone(config, values["cdc-pipeline:lake.logBucket"]),
	}
}

// secretGone schedules a secret's deletion temporarily.
func secretGone(config aws.Config, arn string) breaker {
	client := secretsmanager.NewFromConfig(config)
	return there(
		func(ctx context.Context) error {
			return done(client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &arn}))
		},
		func(ctx context.Context) error {
			return done(client.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &arn}))
		})
}

func keyDisabled(config aws.Config, arn string) breaker {
	client := kms.NewFromConfig(config)
	id := arn[strings.LastIndex(arn, "/")+1:] // moto accepts no ARN here
	return there(
		func(ctx context.Context) error { return done(client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &id})) },
		func(ctx context.Context) error { return done(client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &id})) })
}

func bucketGone(config aws.Config, name string) breaker {
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	return there(
		func(ctx context.Context) error {
			return done(client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name}))
		},
		func(ctx context.Context) error {
			return done(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}))
		})
}
