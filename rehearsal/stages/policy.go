package stages

import (
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/mutation"
	"cdcpipeline/policy/rules"
	"cdcpipeline/program"
	"cdcpipeline/rehearsal/engine/quick"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/report"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// captureVariable names the file into which the policy pack writes the stack that it receives.
const captureVariable = "CDC_POLICY_CAPTURE"

// compilePack builds the policy pack like its users whose CLI has no Go runtime.
func compilePack(ctx context.Context, project, cache string) (stack.Pack, error) {
	pack := stack.Pack{Path: filepath.Join(cache, "bin", "cdc-policy"), Config: filepath.Join(project, "policy", "dev.json")}
	build := exec.CommandContext(ctx, "go", "build", "-o", pack.Path, "./policy")
	build.Env = append(os.Environ(), quick.Environ()...)
	if text, err := build.CombinedOutput(); err != nil {
		return pack, fmt.Errorf("compiling the policy pack: %w: %s", err, text)
	}
	return pack, nil
}

// PreviewProd previews a production stack under the pack without exceptions. Then it breaks the captured stack in one
// respect at a time: each time exactly one rule must report it.
func PreviewProd(ctx context.Context, r *Run) error {
	file := filepath.Join(r.World.Site.Dir, "prod-capture.json")
	if err := os.Setenv(captureVariable, file); err != nil {
		return fmt.Errorf("naming the capture: %w", err)
	}
	defer os.Unsetenv(captureVariable)
	exceptions := filepath.Join(r.Project, "policy", "prod.json")
	s, err := newStack(ctx, r, "minimal", nil, map[string]string{"cdc-pipeline:environment": "prod"})
	if err != nil {
		return err
	}
	if _, err := s.Preview(ctx, stack.Pack{Path: r.Pack.Path, Config: exceptions}); err != nil {
		return fmt.Errorf("prod under the policy pack: %w", err)
	}
	seen, err := capture.Read(file)
	if err != nil {
		return fmt.Errorf("reading what the policy pack saw: %w", err)
	}
	text, err := os.ReadFile(exceptions)
	if err != nil {
		return fmt.Errorf("reading the pack's configuration: %w", err)
	}
	analyzer, err := mutation.Serve(ctx, "", text, time.Now)
	if err != nil {
		return fmt.Errorf("serving the policy pack: %w", err)
	}
	result, err := mutation.Run(ctx, analyzer, seen, mutation.All())
	r.Report.Policy = report.Policy{
		Rules: result.Rules, Violations: len(result.Before), MutationsCaught: result.Caught,
		ControlsAnswered: len(rules.Answered()), ControlsApplicable: len(rules.Applicable()),
	}
	if err != nil {
		return fmt.Errorf("breaking the stack that the policy pack saw: %w", err)
	}
	for _, v := range result.Before {
		r.Log.Detail("%s: %s: %s", v.Rule, v.URN, v.Message)
	}
	return nil
}

// PreviewKinds previews a stack for each combination of task kinds and search destinations, in dev and in prod, under
// the policy pack.
func PreviewKinds(ctx context.Context, r *Run) error {
	r.Report.Preview.Combinations = 0
	for _, environment := range []string{"dev", "prod"} {
		for _, task := range []string{"instance", "serverless"} {
			for _, place := range []string{"domain", "serverless"} {
				s, err := newStack(ctx, r, "minimal", nil, map[string]string{
					"cdc-pipeline:environment": environment, kindKey: task, searchKindKey: place,
				})
				if err != nil {
					return err
				}
				exceptions := filepath.Join(r.Project, "policy", environment+".json")
				if _, err := s.Preview(ctx, stack.Pack{Path: r.Pack.Path, Config: exceptions}); err != nil {
					return fmt.Errorf("%s with replication.kind %s and search.kind %s under the policy pack: %w", environment, task, place, err)
				}
				r.Report.Preview.Combinations++
			}
		}
	}
	return nil
}

// PolicyInEngine breaks the program itself and previews it with the real engine. One rule of the pack must stop the
// preview.
func PolicyInEngine(ctx context.Context, r *Run) error {
	for _, b := range []struct {
		rule, resource, input string
		value                 pulumi.Input
	}{
		{"kinesis-3", "aws:kinesis/stream:Stream", "retentionPeriod", pulumi.Int(24)},
		{"kinesis-1", "aws:kinesis/stream:Stream", "encryptionType", pulumi.String("NONE")},
		{"ec2-8", "aws:ec2/instance:Instance", "metadataOptions", pulumi.Map{"httpTokens": pulumi.String("optional")}},
	} {
		r.Log.Detail("%s: %s", b.rule, b.input)
		s, err := newStack(ctx, r, "rehearsal", func(ctx *pulumi.Context) error {
			if err := ctx.RegisterResourceTransform(breaking(b.resource, b.input, b.value)); err != nil {
				return fmt.Errorf("breaking the program: %w", err)
			}
			return program.Deploy(ctx)
		}, nil)
		if err != nil {
			return err
		}
		switch _, err := s.Preview(ctx, r.Pack); {
		case err == nil:
			return fmt.Errorf("%s let %s of %s pass", b.rule, b.input, b.resource)
		case !strings.Contains(err.Error(), b.rule):
			return fmt.Errorf("the preview failed, but not by %s: %w", b.rule, err)
		}
	}
	return nil
}

// breaking sets one input of every resource of a type.
func breaking(typ, input string, value pulumi.Input) pulumi.ResourceTransform {
	return func(_ context.Context, a *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if a.Type != typ {
			return nil
		}
		a.Props[input] = value
		return &pulumi.ResourceTransformResult{Props: a.Props, Opts: a.Opts}
	}
}
