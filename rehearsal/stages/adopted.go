package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// adoptedTable is a foreign table with rows in it.
const adoptedTable = "legacy.retail_trans"

// Adopted deploys a stack that adopts everything: network, database, replication user, key and log bucket. All belong
// to somebody else, carry rows, and must be unchanged when the stack is gone.
func Adopted(ctx context.Context, r *Run) (err error) {
	stack, outputs := r.Stack, r.Outputs
	defer func() { r.Stack, r.Outputs = stack, outputs }()
	values, err := somebodyElses(ctx, r)
	if err != nil {
		return err
	}
	if err := r.Tool.Generate(ctx, tool.Load{
		Journal: "loaded-legacy", Count: 200, Mix: "100/0/0", Seed: 11, Tables: []string{adoptedTable},
		Database: []string{"--host", r.World.Database.Host, "--port", strconv.Itoa(r.World.Database.Port), "--secret-arn", values["cdc-pipeline:source.existing.secretArn"]},
	}); err != nil {
		return err
	}
	before, err := inventory.List(ctx, r.World.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	r.World.Guard.Also("/retail-trans", "/legacy-trans") // the domain's name in the stack file
	if r.Stack, err = newStack(ctx, r, "adopted", nil, values); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	again, err := r.Stack.Up(ctx, r.Pack, r.tell)
	if err != nil {
		return fmt.Errorf("second up: %w", err)
	}
	if n := again.Touched(); n > 0 {
		return fmt.Errorf("the second up changed %d resources: %v", n, again.Changes)
	}
	if err := r.Tool.Generate(ctx, tool.Load{Journal: "legacy", Count: 200, Mix: "70/20/10", Seed: 12, Tables: []string{adoptedTable}, Database: r.Tool.OfStack("adopted")}); err != nil {
		return err
	}
	written, err := written(r, "loaded-legacy", "legacy")
	if err != nil {
		return err
	}
	inHistory, inLake, err := compareSinks(ctx, r, everything(written))
	if err != nil {
		return err
	}
	if len(inHistory.Lost)+len(inLake.Lost) > 0 {
		return fmt.Errorf("of %d changes the history lacks %d, the lake %d", len(written), len(inHistory.Lost), len(inLake.Lost))
	}
	if _, err := r.Stack.Destroy(ctx, r.tell); err != nil {
		return err
	}
	after, err := inventory.List(ctx, r.World.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	if gone := inventory.Added(after, before); len(gone) > 0 {
		return fmt.Errorf("destroy took what is somebody else's: %s", strings.Join(gone, ", "))
	}
	left := slices.DeleteFunc(inventory.Added(before, after), func(item string) bool { return slices.Contains(sharedRoles, strings.TrimPrefix(item, "role/")) })
	if len(left) > 0 {
		return fmt.Errorf("destroy left %s", strings.Join(left, ", "))
	}
	return nil
}
