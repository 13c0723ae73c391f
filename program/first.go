package program

import (
	"cdcpipeline/config"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// compare checks the deployment against the stack's last one, and refuses a change that would lose data. For a first
// deployment it recommends `cdc preflight`. A backend that does not answer (one without projects uses other names)
// causes only a warning.
func compare(ctx *pulumi.Context, cfg config.Config) error {
	last, err := lastDeployment(ctx)
	switch {
	case err != nil:
		_ = ctx.Log.Warn(fmt.Sprintf("cannot compare names and places with the last deployment: %v", err), nil)
		return nil
	case last.never:
		_ = ctx.Log.Info("nothing is deployed yet: run `cdc preflight` (go run ./cmd/cdc preflight) to check in a minute what would make a deployment fail", nil)
		return nil
	}
	if err := check(last, ctx.Stack(), cfg); err != nil {
		return fmt.Errorf("before anything is changed: %w", err)
	}
	for _, left := range leaving(last, cfg) {
		_ = ctx.Log.Warn(left, nil)
	}
	return nil
}
