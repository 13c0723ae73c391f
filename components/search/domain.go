// Package search makes the pipeline searchable: an OpenSearch domain, its contents, and the delivery that fills its
// history index.
//
// The domain is private, and its fine-grained access control decides who may do what. Each writer gets its own
// security role, mapped to its IAM role. The writer is made only after that mapping.
package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/iampolicy"
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	domainKind            component.Kind = "search.Domain"
	serviceLinkedRoleKind component.Kind = "search.ServiceLinkedRole"
	accessKind            component.Kind = "search.Access"
	domainLogsKind        component.Kind = "search.DomainLogs"
	deliveryKind          component.Kind = "search.Delivery"
	deliveryRoleKind      component.Kind = "search.DeliveryRole"
	currentStateKind      component.Kind = "search.CurrentState"
	collectionsKind       component.Kind = "search.Collections"
)

// DomainArgs configures a Domain.
type DomainArgs struct {
	config.Search `pulumi:"search,optional"`
	// Environment chooses defaults; prod protects stateful resources. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// SubnetIDs, one per zone; the domain uses the first AvailabilityZones of them. A domain cannot change its VPC.
	// Required.
	SubnetIDs []pulumi.StringInput
	// SecurityGroupID of the domain's endpoint. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// KmsKeyArn encrypts indices, logs and the master user's secret. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// Logs that were made before the domain. Default: the domain makes them.
	Logs *DomainLogs
	// LogRetentionDays of logs that the domain makes. Default 14 in dev, 90 in prod.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// ServiceLinkedRole of the account; nil when it is known to exist.
	ServiceLinkedRole *ServiceLinkedRole
	// StartAfter must exist before the domain. It gives OpenSearch time to see a new ServiceLinkedRole and the policy
	// of its logs.
	StartAfter []pulumi.Resource
}

// Domain is an OpenSearch domain inside a VPC with fine-grained access control.
type Domain struct {
	pulumi.ResourceState

	// Arn of the domain.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// Endpoint inside the VPC, a host name.
	Endpoint pulumi.StringOutput `pulumi:"endpoint"`
	// Host of the endpoint.
	Host pulumi.StringOutput `pulumi:"host"`
	// Port of the endpoint. In AWS the endpoint has none, so it is 443.
	Port pulumi.IntOutput `pulumi:"port"`
	// Name of the domain.
	Name pulumi.StringOutput `pulumi:"name"`
	// MasterSecretArn names the secret {"username","password"} of the master user.
	MasterSecretArn pulumi.StringOutput `pulumi:"masterSecretArn"`
	// MasterUser of the domain's internal user database.
	MasterUser pulumi.StringOutput `pulumi:"masterUser"`
	// MasterPassword that the domain accepts. Secret.
	MasterPassword pulumi.StringOutput `pulumi:"masterPassword" provider:"secret"`
	// Resource is the domain itself. Its contents are deleted and replaced with it.
	Resource *opensearch.Domain

	// account of the domain, a dimension of its metrics.
	account string
}

// domainPlan is the checked input that NewDomain makes everything from.
type domainPlan struct {
	*DomainArgs
	place
	name string
}

// arn is the domain's ARN, known before the domain exists.
func (p *domainPlan) arn() pulumi.StringInput { return pulumi.String(p.domainArn(p.DomainName)) }

// NewDomain makes the domain, its master user and its logs.
func NewDomain(ctx *pulumi.Context, name string, args *DomainArgs, opts ...pulumi.ResourceOption) (*Domain, error) {
	p, err := args.check(name)
	if err != nil {
		return nil, err
	}
	d := &Domain{}
	return component.Make(ctx, domainKind, name, d, component.Steps{
		Inputs: pulumi.Map{
			"environment":       pulumi.String(p.Environment),
			"engineVersion":     pulumi.String(p.EngineVersion),
			"availabilityZones": pulumi.Int(p.AvailabilityZones),
			"instanceCount":     pulumi.Int(p.InstanceCount),
			"instanceType":      pulumi.String(p.InstanceType),
		},
		Provision: func() error { return d.provision(ctx, p) },
		Outputs: func() pulumi.Map {
			return pulumi.Map{
				"arn": d.Arn, "endpoint": d.Endpoint, "name": d.Name,
				"masterSecretArn": d.MasterSecretArn, "masterUser": d.MasterUser,
			}
		},
	}, opts...)
}

func (args *DomainArgs) check(name string) (*domainPlan, error) {
	a, err := component.Args(domainKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Search = a.Search.WithDefaults(a.Environment)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, a.Environment.LogRetentionDays())
	problems := []error{a.Search.Validate(), component.Required(component.Given{
		"SecurityGroupID": a.SecurityGroupID != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	})}
	if len(a.SubnetIDs) < a.AvailabilityZones {
		problems = append(problems, fmt.Errorf(
			"search.availabilityZones: %d zones need as many subnets, there are %d: lower it or add subnets",
			a.AvailabilityZones, len(a.SubnetIDs)))
	}
	return &domainPlan{DomainArgs: a, name: name}, domainKind.Check(problems...)
}

func (d *Domain) provision(ctx *pulumi.Context, p *domainPlan) error {
	var err error
	if p.place, err = lookUpPlace(ctx, d); err != nil {
		return err
	}
	d.account = p.account
	logs := p.Logs
	if logs == nil {
		logs = &DomainLogs{}
		err := logs.make(ctx, p.name, &DomainLogsArgs{DomainName: p.DomainName, KmsKeyArn: p.KmsKeyArn, LogRetentionDays: p.LogRetentionDays}, d)
		if err != nil {
			return err
		}
	}
	password, err := d.masterPassword(ctx, p)
	if err != nil {
		return err
	}
	dependsOn := append([]pulumi.Resource{logs.Policy}, p.StartAfter...)
	if p.ServiceLinkedRole != nil {
		dependsOn = append(dependsOn, p.ServiceLinkedRole.Resource)
	}
	domain, err := opensearch.NewDomain(ctx, p.name+"-domain", domainArgs(p, logs, password.Result),
		pulumi.Parent(d), pulumi.DependsOn(dependsOn), pulumi.Protect(p.Environment == config.Prod))
	if err != nil {
		return fmt.Errorf("making the search domain %s: %w", p.DomainName, err)
	}
	d.is(domain)
	return d.masterSecret(ctx, p, password, domain)
}

// is takes the outputs of the resource.
func (d *Domain) is(domain *opensearch.Domain) {
	d.Arn, d.Name, d.Endpoint, d.Resource = domain.Arn, domain.DomainName, domain.Endpoint, domain
	d.Host = d.Endpoint.ApplyT(func(e string) string { host, _ := splitEndpoint(e); return host }).(pulumi.StringOutput)
	d.Port = d.Endpoint.ApplyT(func(e string) int { _, port := splitEndpoint(e); return port }).(pulumi.IntOutput)
}

// splitEndpoint separates the port from an endpoint. AWS's endpoints have none, so the default is that of HTTPS.
func splitEndpoint(endpoint string) (host string, port int) {
	host, digits, err := net.SplitHostPort(endpoint)
	if err != nil {
		return endpoint, 443
	}
	port, err = strconv.Atoi(digits)
	if err != nil {
		return host, 443
	}
	return host, port
}

func domainArgs(p *domainPlan, logs *DomainLogs, password pulumi.StringOutput) *opensearch.DomainArgs {
	on := pulumi.Bool(true)
	args := &opensearch.DomainArgs{
		DomainName:     pulumi.String(p.DomainName),
		EngineVersion:  pulumi.String(p.EngineVersion),
		ClusterConfig:  clusterConfig(&p.Search),
		AccessPolicies: accessPolicy(p).ToStringPtrOutput(),
		EbsOptions: &opensearch.DomainEbsOptionsArgs{
			EbsEnabled: on, VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(p.VolumeGb),
		},
		VpcOptions: &opensearch.DomainVpcOptionsArgs{
			SubnetIds:        pulumi.StringArray(p.SubnetIDs[:p.AvailabilityZones]),
			SecurityGroupIds: pulumi.StringArray{p.SecurityGroupID},
		},
		// Fine-grained access control needs encryption at rest, encryption between nodes, and HTTPS.
		EncryptAtRest: &opensearch.DomainEncryptAtRestArgs{
			Enabled: on, KmsKeyId: p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		},
		NodeToNodeEncryption: &opensearch.DomainNodeToNodeEncryptionArgs{Enabled: on},
		DomainEndpointOptions: &opensearch.DomainDomainEndpointOptionsArgs{
			EnforceHttps: on, TlsSecurityPolicy: pulumi.String("Policy-Min-TLS-1-2-PFS-2023-10"),
		},
		AdvancedSecurityOptions: &opensearch.DomainAdvancedSecurityOptionsArgs{
			Enabled:                     on,
			InternalUserDatabaseEnabled: on,
			MasterUserOptions: &opensearch.DomainAdvancedSecurityOptionsMasterUserOptionsArgs{
				MasterUserName: pulumi.String(masterUser), MasterUserPassword: password.ToStringPtrOutput(),
			},
		},
		// Firehose and the bulk writers name the index in the body. The service sets the other options: the provider
		// ignores the service's defaults only while they are not written here.
		AdvancedOptions:       pulumi.StringMap{"rest.action.multi.allow_explicit_index": pulumi.String("true")},
		LogPublishingOptions:  logs.publishing,
		SoftwareUpdateOptions: &opensearch.DomainSoftwareUpdateOptionsArgs{AutoSoftwareUpdateEnabled: on},
	}
	if autoTunes(p.InstanceType) {
		args.AutoTuneOptions = &opensearch.DomainAutoTuneOptionsArgs{
			DesiredState: pulumi.String("ENABLED"), RollbackOnDisable: pulumi.String("NO_ROLLBACK"),
		}
	}
	return args
}

func clusterConfig(cfg *config.Search) *opensearch.DomainClusterConfigArgs {
	args := &opensearch.DomainClusterConfigArgs{
		InstanceType:           pulumi.String(cfg.InstanceType),
		InstanceCount:          pulumi.Int(cfg.InstanceCount),
		ZoneAwarenessEnabled:   pulumi.Bool(cfg.AvailabilityZones > 1),
		DedicatedMasterEnabled: pulumi.Bool(*cfg.DedicatedMasters > 0),
	}
	if cfg.AvailabilityZones > 1 {
		args.ZoneAwarenessConfig = &opensearch.DomainClusterConfigZoneAwarenessConfigArgs{
			AvailabilityZoneCount: pulumi.Int(cfg.AvailabilityZones),
		}
	}
	if *cfg.DedicatedMasters > 0 {
		args.DedicatedMasterCount = pulumi.Int(*cfg.DedicatedMasters)
		args.DedicatedMasterType = pulumi.String(cfg.DedicatedMasterType)
	}
	return args
}

// autoTunes reports whether the service can tune instances of this type. It cannot tune burstable ones,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html.
func autoTunes(instanceType string) bool {
	return !strings.HasPrefix(instanceType, "t2.") && !strings.HasPrefix(instanceType, "t3.")
}

// accessPolicy admits every request to the domain's HTTP interface. Inside a VPC with an internal master user,
// security groups and fine-grained access control restrict access. A policy with IAM principals would refuse basic
// authentication,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html#fgac-recommendations.
func accessPolicy(p *domainPlan) pulumi.StringOutput {
	return iampolicy.Document(iampolicy.Statement{
		Principals: []iampolicy.Principal{iampolicy.Anyone()},
		Actions:    []string{"es:ESHttp*"},
		Resources:  []pulumi.StringInput{pulumi.Sprintf("%s/*", p.arn())},
	})
}
