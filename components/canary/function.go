package canary

import (
	"cdcpipeline/internal/canary"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/source/preparation"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// functionSeconds ends a call before the next one begins.
	functionSeconds  = 55
	functionMemoryMb = 256
	// maxSettings leaves room in the 4 KB that a function's environment can hold,
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
	maxSettings = 3900
)

// logs makes the function's own log group. The group that Lambda would make has neither a key nor a retention.
func (c *Canary) logs(ctx *pulumi.Context, p *plan) (*cloudwatch.LogGroup, error) {
	group, err := cloudwatch.NewLogGroup(ctx, p.name+"-logs", &cloudwatch.LogGroupArgs{
		KmsKeyId: p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(), RetentionInDays: pulumi.Int(p.LogRetentionDays),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("making the canary's log group: %w", err)
	}
	return group, nil
}

// function reserves no concurrency. Two calls at once do no harm, and reserving fails in an account with a low limit,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html.
func (c *Canary) function(ctx *pulumi.Context, p *plan, role *iam.Role, policy pulumi.Resource, logs *cloudwatch.LogGroup) (*lambda.Function, error) {
	function, err := lambda.NewFunction(ctx, p.name+"-function", &lambda.FunctionArgs{
		Description:   pulumi.String("Measures how long a change takes to be found"),
		Role:          role.Arn,
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String("bootstrap"),
		Architectures: pulumi.StringArray{pulumi.String(p.Architecture)},
		Code:          p.Code,
		Timeout:       pulumi.Int(functionSeconds),
		MemorySize:    pulumi.Int(functionMemoryMb),
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("Text"), LogGroup: logs.Name},
		VpcConfig:     &lambda.FunctionVpcConfigArgs{SubnetIds: p.SubnetIDs, SecurityGroupIds: pulumi.StringArray{p.SecurityGroupID}},
		Environment:   &lambda.FunctionEnvironmentArgs{Variables: pulumi.StringMap{canary.Variable: p.settings()}},
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, fmt.Errorf("making the canary's function: %w", err)
	}
	return function, nil
}

// settings are the function's settings as JSON. They hold no secret.
func (p *plan) settings() pulumi.StringOutput {
	return pulumi.All(p.SecretArn, p.Target.Endpoint.URL, p.BucketName, p.FailedPrefix).ApplyT(func(known []any) (string, error) {
		s := canary.Settings{
			Secret: known[0].(string), Certificates: p.CaBundle, Endpoint: known[1].(string), Service: opensearch.Service(p.Target.Service()), Alias: p.alias,
			Bucket: known[2].(string), Parked: []string{p.Lake.ErrorPrefix + "/", known[3].(string)},
			Memory: p.object("canary-tables"), Loads: p.object("loaded-tables"), LogHours: p.Source.BinlogRetentionHours,
		}
		if p.Source.PostgreSQL() {
			s.Engine, s.Database, s.LogHours = canary.PostgreSQL, p.Source.DatabaseName, 0
		}
		for _, t := range p.Source.Tables {
			s.Tables = append(s.Tables, preparation.Table{Database: t.Database, Table: t.Table})
		}
		for _, t := range p.Source.Exclude {
			s.Exclude = append(s.Exclude, preparation.Table{Database: t.Database, Table: t.Table})
		}
		return fit(s)
	}).(pulumi.StringOutput)
}

// fit omits the table names when there are too many. The function then looks at every table that the user may read.
func fit(s canary.Settings) (string, error) {
	text, err := s.Text()
	if err == nil && len(text) > maxSettings {
		s.Tables = nil
		text, err = s.Text()
	}
	if err == nil && len(text) > maxSettings {
		return "", fmt.Errorf("alarms.canary: its settings need %d characters, but the function's environment has only %d: exclude fewer tables, keep fewer certificates in source.caFile, or set alarms.canary to false", len(text), maxSettings)
	}
	return text, err
}

// object is the key of the object with the canary's notes about the source's tables. The function and `cdc status`
// read it.
func (p *plan) object(name string) string {
	if p.Name == "" {
		return "cdc/" + name + ".json"
	}
	return "cdc/source=" + p.Name + "/" + name + ".json"
}
