package stages

import (
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// pin matches a command that a refused deployment prints.
var pin = regexp.MustCompile(`pulumi config set --path (\S+) (\S+)`)

// NamesPinned deploys today's program over a stack with the walkthrough's names. It must be refused before anything
// changes, with commands that keep the names. The stage runs these commands.
func NamesPinned(ctx context.Context, r *Run) error {
	if err := prepare(ctx, r); err != nil {
		return err
	}
	keys, err := refusedWithPins(ctx, r, r.Stack)
	if err != nil {
		return err
	}
	want := []string{"cdc-pipeline:search.domainName", "cdc-pipeline:source.clusterName", "cdc-pipeline:stream.name"}
	if !slices.Equal(keys, want) {
		return fmt.Errorf("the deployment was refused for the keys %v, not for %v", keys, want)
	}
	return nil
}

// refusedWithPins deploys and expects a refusal with commands that keep names. It runs them and returns their keys.
func refusedWithPins(ctx context.Context, r *Run, s *stack.Stack) (keys []string, err error) {
	before := r.World.Proxy.Calls()
	_, refused := s.Up(ctx, stack.Pack{}, r.tell)
	if refused == nil {
		return nil, errors.New("the deployment was not refused")
	}
	if made := changing(before, r.World.Proxy.Calls()); len(made) > 0 {
		return nil, fmt.Errorf("the deployment called %v before it was refused: %w", made, refused)
	}
	for _, m := range pin.FindAllStringSubmatch(refused.Error(), -1) {
		if slices.Contains(keys, m[1]) {
			continue // the CLI prints an error twice
		}
		keys = append(keys, m[1])
		if err := s.SetConfig(ctx, m[1], m[2]); err != nil {
			return nil, err //nolint:wrapcheck // the error names the key
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the deployment was refused without saying what to type: %w", refused)
	}
	slices.Sort(keys)
	return keys, nil
}

// changing are the deployer's write calls between two counts.
func changing(before, after map[controlplane.Caller]map[controlplane.Action]int) []string {
	var found []string
	for action, count := range after[controlplane.Deployer] {
		reads := slices.ContainsFunc([]string{"Describe", "Get", "List", "Head", "Assume"}, func(verb string) bool { return strings.HasPrefix(action.Name, verb) })
		if !reads && count > before[controlplane.Deployer][action] {
			found = append(found, action.String())
		}
	}
	slices.Sort(found)
	return found
}

// TurnedIntoProd changes the stack to prod together with a change that replaces the domain. It must be refused,
// because stored data is only protected once prod is deployed. With the former name and dev again, nothing changes.
func TurnedIntoProd(ctx context.Context, r *Run) error {
	const domain = "cdc-pipeline:search.domainName"
	for key, value := range map[string]string{"cdc-pipeline:environment": "prod", domain: "retail-trans-moved"} {
		if err := r.Stack.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	keys, err := refusedWithPins(ctx, r, r.Stack)
	if err != nil {
		return err
	}
	if !slices.Equal(keys, []string{domain}) {
		return fmt.Errorf("the deployment was refused for the keys %v, not for %s", keys, domain)
	}
	if err := r.Stack.SetConfig(ctx, "cdc-pipeline:environment", "dev"); err != nil {
		return err
	}
	u, err := r.deploy(ctx)
	if err != nil {
		return err
	}
	if n := u.Touched(); n > 0 {
		return fmt.Errorf("the up after the refused one changed %d resources: %v", n, u.Changes)
	}
	return nil
}
