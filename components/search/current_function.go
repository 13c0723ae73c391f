package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/source/preparation"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logs makes the function's own log group. The group that Lambda would make has neither a key nor a retention.
func (s *CurrentState) logs(ctx *pulumi.Context, p *currentPlan) (*cloudwatch.LogGroup, error) {
	group, err := cloudwatch.NewLogGroup(ctx, p.name+"-logs", &cloudwatch.LogGroupArgs{
		KmsKeyId:        p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		RetentionInDays: pulumi.Int(p.LogRetentionDays),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, fmt.Errorf("making the log group of the current state: %w", err)
	}
	return group, nil
}

func (s *CurrentState) function(ctx *pulumi.Context, p *currentPlan, role *iam.Role, policy pulumi.Resource, logs *cloudwatch.LogGroup) (*lambda.Function, error) {
	args := &lambda.FunctionArgs{
		Description:   pulumi.String("Keeps each row as it is now in OpenSearch"),
		Role:          role.Arn,
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String("bootstrap"),
		Architectures: pulumi.StringArray{pulumi.String(p.Architecture)},
		Code:          p.Code,
		Timeout:       pulumi.Int(p.Current.TimeoutSeconds),
		MemorySize:    pulumi.Int(p.Current.MemoryMb),
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("Text"), LogGroup: logs.Name},
		VpcConfig: &lambda.FunctionVpcConfigArgs{
			SubnetIds: p.SubnetIDs, SecurityGroupIds: pulumi.StringArray{p.SecurityGroupID},
		},
		Environment: &lambda.FunctionEnvironmentArgs{Variables: p.variables()},
	}
	if p.Current.ReservedConcurrency > 0 {
		args.ReservedConcurrentExecutions = pulumi.Int(p.Current.ReservedConcurrency)
	}
	function, err := lambda.NewFunction(ctx, p.name+"-function", args, pulumi.Parent(s), pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, fmt.Errorf("making the function of the current state: %w", err)
	}
	return function, nil
}

// variables are the function's settings.
func (p *currentPlan) variables() pulumi.StringMapOutput {
	findings := pulumi.String("{}").ToStringOutput()
	if p.Findings != nil {
		findings = p.Findings.ToStringOutput()
	}
	return pulumi.All(p.Target.Endpoint.URL, p.ParkingBucketArn, findings).ApplyT(func(known []any) (map[string]string, error) {
		tables, err := tablesFound(known[2].(string), p.Engine)
		if err != nil {
			return nil, err
		}
		bucket := known[1].(string)
		settings := currentstate.Settings{
			Endpoint: known[0].(string), Service: p.service(),
			Bucket: bucket[strings.LastIndex(bucket, ":")+1:], Source: currentstate.Source(p.Source), Kind: change.Kind(p.Engine), Registry: currentstate.Place(p.Registry), RegistryFrom: currentstate.Place(p.RegistryFrom), Prefix: p.ParkingPrefix + "/", Tables: tables,
			Retention: time.Duration(p.StreamRetentionHours) * time.Hour, Shards: currentShards, Replicas: replicas(&p.Search), BulkPlain: !*p.Current.Compress,
		}
		return settings.Variables()
	}).(pulumi.StringMapOutput)
}

// service is the function's destination service.
func (p *currentPlan) service() opensearch.Service {
	return opensearch.Service(p.Target.backend().service())
}

// maxTables leaves room for the other variables in the 4 KB that a function's environment can hold,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
const maxTables = 3200

// tablesFound are the tables that the bootstrap found, for the function: their keys and, while there is room, the
// types of key columns and of columns that need more than a text field.
//
// For PostgreSQL they include columns that may be stored outside of their row: an update without such a column is
// incomplete.
func tablesFound(findings string, engine config.Engine) ([]currentstate.Table, error) {
	var found preparation.Findings
	if err := json.Unmarshal([]byte(findings), &found); err != nil {
		return nil, fmt.Errorf("reading the bootstrap's findings: %w", err)
	}
	tables := make([]currentstate.Table, 0, len(found.Tables))
	for _, t := range found.Tables {
		if len(t.PrimaryKey) == 0 {
			continue
		}
		table := currentstate.Table{Database: t.Database, Table: t.Table.Table, Key: t.PrimaryKey, Columns: map[string]string{}}
		for _, c := range t.Columns {
			if indexedByType(c.Type) || engine == config.EnginePostgreSQL && change.Outside(c.Type) || slices.Contains(t.PrimaryKey, c.Name) {
				table.Columns[c.Name] = c.Type
			}
		}
		tables = append(tables, table)
	}
	text, err := currentstate.EncodeTables(tables)
	for _, kept := range []func(currentstate.Table, string) bool{inKey, none} {
		for i := len(tables) - 1; i >= 0 && err == nil && len(text) > maxTables; i-- {
			maps.DeleteFunc(tables[i].Columns, func(column, _ string) bool { return !kept(tables[i], column) })
			text, err = currentstate.EncodeTables(tables)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(text) > maxTables {
		return nil, fmt.Errorf("search.current: the keys of %d tables take %d characters and the function's environment holds %d: follow fewer tables in one stack, or set search.current.enabled to false", len(tables), len(text), maxTables)
	}
	return tables, nil
}

// inKey reports whether a column belongs to the key, whose spelling depends on its type.
func inKey(t currentstate.Table, column string) bool { return slices.Contains(t.Key, column) }

func none(currentstate.Table, string) bool { return false }

// indexedByType reports whether a column needs more than a keyword field: numbers and times.
func indexedByType(columnType string) bool {
	for _, prefix := range []string{"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "numeric", "float", "real", "double", "date", "timestamp", "year"} {
		if strings.HasPrefix(strings.ToLower(columnType), prefix) {
			return true
		}
	}
	return false
}
