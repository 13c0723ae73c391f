package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/currentstate"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CurrentIndices matches the indices of the current state. Each table has one or more.
const CurrentIndices = "current-*"

// currentIndices matches the indices of one source. Those of the unnamed source have no prefix of their own.
func currentIndices(source string) string {
	if source == "" {
		return CurrentIndices
	}
	return "current-" + source + "-*"
}

// CurrentStateArgs configures a CurrentState.
type CurrentStateArgs struct {
	config.Search    `pulumi:"search,optional"`
	config.Functions `pulumi:"functions,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Target is what the function writes to: [Access.Target] or [Collections.Current]. Required.
	Target Target
	// Template is the template that [CurrentTemplate] made in the Target. Required.
	Template pulumi.Resource
	// Source is the name of the source whose rows the function writes. Empty for the unnamed source.
	Source string `pulumi:"source,optional"`
	// Engine of the source. It decides how the function reads records. Default mysql.
	Engine config.Engine `pulumi:"engine,optional"`
	// Code is the zip of functions/currentstate, compiled for Functions.Architecture. Required.
	Code pulumi.Archive
	// StreamArn names the Kinesis data stream to read. Required.
	StreamArn pulumi.StringInput `pulumi:"streamArn"`
	// StreamRetentionHours is how long the stream keeps a record. Default 168.
	StreamRetentionHours int `pulumi:"streamRetentionHours,optional"`
	// Findings is JSON with the columns and the key of every table: the Result of source.Bootstrap, or JSON in the
	// form that lake.Catalog takes. Default: the function knows no table beforehand.
	Findings pulumi.StringInput `pulumi:"findings,optional"`
	// ParkingBucketArn names the bucket that receives the records that cannot be indexed, and that keeps the registry:
	// what the function knows about the tables. Required.
	ParkingBucketArn pulumi.StringInput `pulumi:"parkingBucketArn"`
	// Registry is the name of the registry in that bucket. Two functions that read one stream and write to different
	// targets need two registries. Default current.
	Registry string `pulumi:"registry,optional"`
	// RegistryFrom is the name of another target's registry. The function begins with a copy of it, which lets it fill a
	// second target beside the first. Default: the function begins with an empty registry.
	RegistryFrom string `pulumi:"registryFrom,optional"`
	// ParkingPrefix is the prefix of those records, without a trailing slash. Default parked/current.
	ParkingPrefix string `pulumi:"parkingPrefix,optional"`
	// KmsKeyArn encrypts the stream, the bucket's objects and the logs. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// SubnetIDs are the subnets in which the function runs. It must reach the target and S3 from there. It needs no
	// route to Kinesis, because Lambda reads the stream from outside the VPC. Required.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID is the security group of the function. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// DependsOn lists what must exist before Lambda calls the function, such as the endpoints through which the function
	// reaches AWS.
	DependsOn []pulumi.Resource
	// Measured makes Lambda publish how many records the mapping reads, drops and gives up. Default false.
	Measured bool `pulumi:"measured,optional"`
}

// CurrentState keeps one document per row with the row's present state. A function reads the changes and writes,
// overwrites and deletes documents by the rows' keys. Newer versions win over older ones, in whatever order they
// arrive.
//
// It reads the stream from its oldest record, so you can make it, switch it off and make it again at any time within
// the stream's retention. Destroying it keeps the indices and the registry.
type CurrentState struct {
	pulumi.ResourceState

	// FunctionName is the name of the function.
	FunctionName pulumi.StringOutput `pulumi:"functionName"`
	// FunctionArn is the ARN of the function.
	FunctionArn pulumi.StringOutput `pulumi:"functionArn"`
	// RoleArn is the ARN of the function's role.
	RoleArn pulumi.StringOutput `pulumi:"roleArn"`
	// Mapping connects the stream to the function. Writers to the stream may start before it exists.
	Mapping *lambda.EventSourceMapping
	// ParkedPrefix is the prefix, with a trailing slash, below which the function puts records that cannot be indexed.
	ParkedPrefix string `pulumi:"parkedPrefix"`
	// Registry is the name of the function's registry; see CurrentStateArgs.
	Registry string
	// FailedPrefix is the prefix, with a trailing slash, below which Lambda puts records that it gives up.
	FailedPrefix pulumi.StringOutput `pulumi:"failedPrefix"`
	// MappingID is the id of the mapping from the stream to the function. Metrics use it as their dimension.
	MappingID pulumi.StringOutput `pulumi:"mappingId"`

	// measured says that Lambda counts the mapping's events.
	measured bool
}

type currentPlan struct {
	*CurrentStateArgs
	place
	name     string
	consumer *kinesis.StreamConsumer // nil without enhanced fan-out
}

// NewCurrentState makes the function with its grant, and then connects it to the stream.
func NewCurrentState(ctx *pulumi.Context, name string, args *CurrentStateArgs, opts ...pulumi.ResourceOption) (*CurrentState, error) {
	p, err := args.check(name)
	if err != nil {
		return nil, err
	}
	s := &CurrentState{Registry: p.Registry, measured: p.Measured}
	return component.Make(ctx, currentStateKind, name, s, component.Steps{
		Inputs: pulumi.Map{
			"environment":    pulumi.String(p.Environment),
			"indices":        pulumi.String(currentIndices(p.Source)),
			"enhancedFanOut": pulumi.Bool(*p.Current.EnhancedFanOut),
			"maxAgeHours":    pulumi.Int(p.Current.MaxAgeHours),
		},
		Provision: func() error { return s.provision(ctx, p) },
		Outputs: func() pulumi.Map {
			return pulumi.Map{"functionName": s.FunctionName, "functionArn": s.FunctionArn, "roleArn": s.RoleArn, "failedPrefix": s.FailedPrefix}
		},
	}, opts...)
}

func (args *CurrentStateArgs) check(name string) (*currentPlan, error) {
	a, err := component.Args(currentStateKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Search, a.Functions = a.Search.WithDefaults(a.Environment), a.Functions.WithDefaults(a.Environment)
	a.StreamRetentionHours = cmp.Or(a.StreamRetentionHours, 168)
	a.ParkingPrefix = cmp.Or(strings.TrimSuffix(a.ParkingPrefix, "/"), "parked/current")
	problems := []error{a.Search.Validate(), a.Functions.Validate(), currentstate.Source(a.Source).Validate(), currentstate.Place(a.Registry).Validate(), currentstate.Place(a.RegistryFrom).Validate(), component.Required(a.Target.given(component.Given{
		"Code": a.Code != nil, "Template": a.Template != nil,
		"StreamArn": a.StreamArn != nil, "ParkingBucketArn": a.ParkingBucketArn != nil, "KmsKeyArn": a.KmsKeyArn != nil,
		"SubnetIDs": a.SubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil,
	}))}
	if !a.Current.On() {
		problems = append(problems, errors.New("search.current.enabled: is false: leave search.CurrentState out"))
	}
	if a.Current.MaxAgeHours >= a.StreamRetentionHours {
		problems = append(problems, fmt.Errorf("search.current.maxAgeHours: %d is not less than StreamRetentionHours (%d), after which the stream forgets a record", a.Current.MaxAgeHours, a.StreamRetentionHours))
	}
	return &currentPlan{CurrentStateArgs: a, name: name}, currentStateKind.Check(problems...)
}

func (s *CurrentState) provision(ctx *pulumi.Context, p *currentPlan) error {
	s.ParkedPrefix = p.ParkingPrefix + "/"
	var err error
	if p.place, err = lookUpPlace(ctx, s); err != nil {
		return err
	}
	if err := s.consumer(ctx, p); err != nil {
		return err
	}
	logs, err := s.logs(ctx, p)
	if err != nil {
		return err
	}
	role, policy, err := s.role(ctx, p, logs.Arn)
	if err != nil {
		return err
	}
	grant, err := p.Target.Grant.Admit(p.name, role.Arn, p.Target.backend().currentPermissions(p.Source))
	if err != nil {
		return fmt.Errorf("granting the current state its indices: %w", err)
	}
	function, err := s.function(ctx, p, role, policy, logs)
	if err != nil {
		return err
	}
	s.RoleArn, s.FunctionName, s.FunctionArn = role.Arn, function.Name, function.Arn
	// The template comes first, so that no document creates an index with a guessed mapping.
	ready := append([]pulumi.Resource{grant, policy, p.Template}, p.DependsOn...)
	if err := s.source(ctx, p, function, ready); err != nil {
		return err
	}
	return s.sweep(ctx, p, function, ready)
}
