package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/mysql"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func readSchema(files []string) ([]mysql.Script, error) {
	var scripts []mysql.Script
	var problems []error
	for _, file := range files {
		sql, err := os.ReadFile(file)
		if err != nil {
			problems = append(problems, fmt.Errorf("source.schemaFiles: %w", err))
			continue
		}
		scripts = append(scripts, mysql.Script{Name: filepath.Base(file), SQL: string(sql)})
	}
	return scripts, errors.Join(problems...)
}

func (a *BootstrapArgs) followed() []mysql.Table { return named(a.Tables) }

func (a *BootstrapArgs) later() []mysql.Table { return named(a.Probes()) }

func named(of []config.Table) []mysql.Table {
	var tables []mysql.Table
	for _, t := range of {
		tables = append(tables, mysql.Table{Database: t.Database, Table: t.Table})
	}
	return tables
}

func (a *BootstrapArgs) excluded() []mysql.Table {
	var tables []mysql.Table
	for _, t := range a.Exclude {
		tables = append(tables, mysql.Table{Database: t.Database, Table: t.Table})
	}
	return tables
}

// columnRules are for the bootstrap alone to judge: whether there are such columns, and what they are.
func (a *BootstrapArgs) columnRules() []mysql.ColumnRule {
	var rules []mysql.ColumnRule
	for _, t := range a.Tables {
		rule := mysql.ColumnRule{Table: mysql.Table{Database: t.Database, Table: t.Table}, Omit: t.OmitColumns}
		for _, f := range t.Filters {
			if !slices.Contains(rule.Filter, f.Column) {
				rule.Filter = append(rule.Filter, f.Column)
			}
		}
		if len(rule.Omit)+len(rule.Filter) > 0 {
			rules = append(rules, rule)
		}
	}
	return rules
}

func (a *BootstrapArgs) checkOnly() bool { return a.Source.Bootstrap == config.BootstrapCheck }

// invoke runs the function once per input, code and database. The password is not part of the input: the function
// reads it itself.
func (b *Bootstrap) invoke(ctx *pulumi.Context, p *bootstrapPlan, function *lambda.Function, user replicationUser) (*lambda.Invocation, error) {
	input := p.input(user.filled)
	code, err := codeHash(p.Code, function)
	if err != nil {
		return nil, err
	}
	triggers := pulumi.StringMap{
		"code":     code,
		"input":    input.ApplyT(sha256Hex).(pulumi.StringOutput),
		"database": p.Database.Incarnation,
		"secret":   user.version,
	}
	if p.SchemaRevision != 0 {
		triggers["schema"] = pulumi.String(strconv.Itoa(p.SchemaRevision))
	}
	dependencies := slices.Concat(user.dependencies, p.Database.Ready, p.StartAfter)
	invocation, err := lambda.NewInvocation(ctx, p.name+"-invocation", &lambda.InvocationArgs{
		FunctionName:   function.Name,
		Input:          input,
		LifecycleScope: pulumi.String("CREATE_ONLY"),
		Triggers:       triggers,
	}, pulumi.Parent(b), pulumi.DependsOn(dependencies), pulumi.ReplaceWith(p.Database.Identity))
	if err != nil {
		return nil, fmt.Errorf("invoking the bootstrap function: %w", err)
	}
	return invocation, nil
}

// input is the JSON of a mysql.Request.
func (p *bootstrapPlan) input(replicationSecret pulumi.StringInput) pulumi.StringOutput {
	certificates := p.CaBundle
	if certificates == RDSCertificates() {
		certificates = "" // the function has them: a short input is easier to read in a preview
	}
	return pulumi.All(p.Database.Host, p.Database.Port, p.Database.AdminSecretArn, replicationSecret).ApplyT(
		func(known []any) (string, error) {
			text, err := json.Marshal(mysql.Request{
				Host:                 known[0].(string),
				Port:                 known[1].(int),
				AdminSecret:          known[2].(string),
				ReplicationSecret:    known[3].(string),
				Certificates:         certificates,
				BinlogRetentionHours: p.BinlogRetentionHours,
				LobMaxSizeKb:         p.LobMaxSizeKb,
				Tables:               p.followed(),
				Exclude:              p.excluded(),
				Later:                p.later(),
				Columns:              p.columnRules(),
				Schema:               p.schema,
				CheckOnly:            p.checkOnly(),
				FailOnCascades:       p.Cascades == config.CascadesFail,
				AcceptDottedColumns:  p.DottedColumns == config.DottedColumnsWarn,
			})
			if err != nil {
				return "", fmt.Errorf("writing the bootstrap's input: %w", err)
			}
			return string(text), nil
		}).(pulumi.StringOutput)
}

// codeHash is known at preview when the code is a file, so that a preview shows that the function will run again.
func codeHash(code pulumi.Archive, function *lambda.Function) (pulumi.StringInput, error) {
	if file, err := os.Stat(code.Path()); code.Path() == "" || err == nil && file.IsDir() {
		return function.SourceCodeHash, nil
	}
	content, err := os.ReadFile(code.Path())
	if err != nil {
		return nil, fmt.Errorf("reading the bootstrap function's code: %w", err)
	}
	return pulumi.String(sha256Hex(string(content))), nil
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// summary is a line for each check; those that somebody should look at are shown with every deployment.
func (b *Bootstrap) summary(ctx *pulumi.Context, result pulumi.StringOutput) pulumi.StringMapOutput {
	return result.ApplyT(func(text string) (map[string]string, error) {
		var findings mysql.Findings
		if err := json.Unmarshal([]byte(text), &findings); err != nil {
			return nil, fmt.Errorf("reading the bootstrap's findings: %w", err)
		}
		for _, warning := range findings.Warnings() {
			if err := ctx.Log.Warn(warning, &pulumi.LogArgs{Resource: b}); err != nil {
				return nil, fmt.Errorf("warning of the database: %w", err)
			}
		}
		return findings.Summary(), nil
	}).(pulumi.StringMapOutput)
}
