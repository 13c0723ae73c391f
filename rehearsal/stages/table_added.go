package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"fmt"
	"slices"
	"strings"
)

const addedTable = "shop.returns"

// TableAdded adds a table with rows to the configuration. It is reported as not loaded, its changes are followed at
// once, and the operator's tool loads it.
func TableAdded(ctx context.Context, r *Run) error {
	if err := execute(ctx, r.World.Database.Root(), `CREATE TABLE `+addedTable+` (
		return_id BIGINT AUTO_INCREMENT PRIMARY KEY, reason VARCHAR(40), refund DECIMAL(12,2) NOT NULL, returned_at DATETIME(3) NOT NULL)`); err != nil {
		return err
	}
	if err := r.Tool.Generate(ctx, tool.Load{Journal: "loaded-returns", Count: 150, Mix: "100/0/0", Seed: 21, Tables: []string{addedTable}}); err != nil {
		return err
	}
	schema, table, _ := strings.Cut(addedTable, ".")
	for key, value := range map[string]string{"database": schema, "table": table} {
		if err := r.Stack.SetConfig(ctx, "cdc-pipeline:source.tables[2]."+key, value); err != nil {
			return err
		}
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("adding the table: %w", err)
	}
	if got := r.outputList("tablesNotLoaded"); !slices.Equal(got, []string{addedTable}) {
		return fmt.Errorf("the output tablesNotLoaded is %v, not %s", got, addedTable)
	}
	if err := r.Tool.Generate(ctx, tool.Load{Journal: "returns", Count: 120, Mix: "70/20/10", Seed: 22, Tables: []string{addedTable}}); err != nil {
		return err
	}
	if err := arrive(ctx, r, "returns"); err != nil {
		return fmt.Errorf("following the new table before it is loaded: %w", err)
	}
	if _, err := r.Tool.Run(ctx, "start-reload-table", 0, "start", "--reload-table", addedTable, "--ca", r.World.Site.Authority.File()); err != nil {
		return err
	}
	if err := arrive(ctx, r, "loaded-returns"); err != nil {
		return fmt.Errorf("loading the new table: %w", err)
	}
	u, err := r.deploy(ctx)
	if err != nil {
		return err
	}
	if got := r.outputList("tablesNotLoaded"); len(got) > 0 {
		return fmt.Errorf("the output tablesNotLoaded still is %v", got)
	}
	if n := u.Touched(); n > 0 {
		return fmt.Errorf("an up after loading the table changed %d resources: %v", n, u.Changes)
	}
	return nil
}
