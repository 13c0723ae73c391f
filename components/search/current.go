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
	// Target that is written to: [Access.Target] or [Collections.Current]. Required.
	Target Target
	// Template is the template that [CurrentTemplate] made in the Target. Required.
	Template pulumi.Resource
	// Source is the name of the source whose rows are kept; empty for the unnamed one.
	Source string `pulumi:"source,optional"`
	// Engine of the source, by which the function reads its records. Default mysql.
	Engine config.Engine `pulumi:"engine,optional"`
	// Code is the zip of functions/currentstate, compiled for Functions.Architecture. Required.
	Code pulumi.Archive
	// StreamArn names the Kinesis data stream that is read. Required.
	StreamArn pulumi.StringInput `pulumi:"streamArn"`
	// StreamRetentionHours is how long the stream keeps a record. Default 168.
	StreamRetentionHours int `pulumi:"streamRetentionHours,optional"`
	// Findings is JSON that has every table with its columns and key: source.Bootstrap's Result, or the same as a
	// lake.Catalog is told. Default: no table is known beforehand.
	Findings pulumi.StringInput `pulumi:"findings,optional"`
	// ParkingBucketArn names the bucket of records that cannot be indexed, and of what the function knows of the tables. Required.
	ParkingBucketArn pulumi.StringInput `pulumi:"parkingBucketArn"`
	// Registry is the name of what the function knows of the tables, in that bucket; two functions on one stream that write to different
	// places need two. Default current.
	Registry string `pulumi:"registry,optional"`
	// RegistryFrom is the name of the registry of a place that is searched, from which this one begins: so a second place is filled beside the
	// first. Default: none.
	RegistryFrom string `pulumi:"registryFrom,optional"`
	// ParkingPrefix of those records, without a slash at its end. Default parked/current.
	ParkingPrefix string `pulumi:"parkingPrefix,optional"`
	// KmsKeyArn encrypts the stream, the bucket's objects and the logs. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// SubnetIDs that the function runs in; from there it must reach the target and S3. Required. It needs no
	// way to Kinesis: Lambda reads the stream from outside the VPC.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID of the function. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// DependsOn must exist before the function is called, such as the endpoints through which it reaches AWS.
	DependsOn []pulumi.Resource
	// Measured has Lambda count the records that the mapping reads, drops and gives up, which it does only when asked to. Default false.
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

	// FunctionName of the function.
	FunctionName pulumi.StringOutput `pulumi:"functionName"`
	// FunctionArn of the function.
	FunctionArn pulumi.StringOutput `pulumi:"functionArn"`
	// RoleArn of the role it acts as.
	RoleArn pulumi.StringOutput `pulumi:"roleArn"`
	// Mapping of the stream to the function; what writes to the stream may start before it.
	Mapping *lambda.EventSourceMapping
	// ParkedPrefix is where the function puts records that cannot be indexed, with a slash at its end.
	ParkedPrefix string `pulumi:"parkedPrefix"`
	// Registry is the name of what the function knows of the tables; see CurrentStateArgs.
	Registry string
	// FailedPrefix is where Lambda puts records that it gives up, with a slash at its end.
	FailedPrefix pulumi.StringOutput `pulumi:"failedPrefix"`
	// MappingID of the mapping of the stream to the function, the name in metrics.
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
