package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/preparation"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func (a *BootstrapArgs) checkOnly() bool { return a.Source.Bootstrap == config.BootstrapCheck }

// invoke runs the function once per input, code and database. The input does not contain the password: the function
// reads it itself.
func (b *Bootstrap) invoke(ctx *pulumi.Context, p *bootstrapPlan, function *lambda.Function, user replicationUser) (*lambda.Invocation, error) {
	input := p.input(user.filled)
	triggers := pulumi.StringMap{
		"code":     codeHash(p.Code, function),
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

// input is the JSON of the request.
func (p *bootstrapPlan) input(replicationSecret pulumi.StringInput) pulumi.StringOutput {
	return pulumi.All(p.Database.Host, p.Database.Port, p.Database.AdminSecretArn, replicationSecret).ApplyT(
		func(known []any) (string, error) {
			text, err := json.Marshal(p.request(access{
				host: known[0].(string), port: known[1].(int), adminSecret: known[2].(string), replicationSecret: known[3].(string),
			}))
			if err != nil {
				return "", fmt.Errorf("writing the bootstrap's input: %w", err)
			}
			return string(text), nil
		}).(pulumi.StringOutput)
}

// codeHash is known in a preview when the code is a file. So the preview shows that the function will run again. The
// file is read while the program declares further resources.
func codeHash(code pulumi.Archive, function *lambda.Function) pulumi.StringInput {
	if file, err := os.Stat(code.Path()); code.Path() == "" || err == nil && file.IsDir() {
		return function.SourceCodeHash
	}
	return pulumi.String(code.Path()).ToStringOutput().ApplyT(func(path string) (string, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("reading the bootstrap function's code: %w", err)
		}
		return sha256Hex(string(content)), nil
	}).(pulumi.StringOutput)
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// summary has a line for each check. Every deployment shows the warnings.
func (b *Bootstrap) summary(ctx *pulumi.Context, result pulumi.StringOutput) pulumi.StringMapOutput {
	return result.ApplyT(func(text string) (map[string]string, error) {
		var findings preparation.Findings
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
