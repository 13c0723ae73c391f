package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"fmt"
	"net/http"
)

// ColumnAdded adds a column to a followed table. The current index knows its type at once; the lake's view knows it
// after the next bootstrap.
func ColumnAdded(ctx context.Context, r *Run) error {
	const table, column = "shop.ledger", "settled_on"
	if err := execute(ctx, r.World.Database.Root(), `ALTER TABLE `+table+` ADD COLUMN `+column+` DATE`); err != nil {
		return err
	}
	const journal = "with-the-column"
	if err := r.Tool.Generate(ctx, tool.Load{Journal: journal, Count: 200, Mix: "60/30/10", Seed: 41, Tables: []string{table}}); err != nil {
		return err
	}
	if _, _, err := compareCurrent(ctx, r); err != nil {
		return err
	}
	if err := fieldIs(ctx, r, r.aliasOf(table), column, "date"); err != nil {
		return err
	}
	if err := r.Stack.SetConfig(ctx, "cdc-pipeline:source.schemaRevision", "2"); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("looking at the tables again: %w", err)
	}
	if err := arrive(ctx, r, journal); err != nil {
		return err
	}
	_, err := compareCatalog(ctx, r) // it compares the view's columns with the table's
	return err
}

// fieldIs reports whether every index behind an alias has a field of this type.
func fieldIs(ctx context.Context, r *Run, alias, field, kind string) error {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	var indices map[string]struct {
		Mappings struct {
			Properties map[string]struct {
				Type string `json:"type"`
			} `json:"properties"`
		} `json:"mappings"`
	}
	if err := admin.Do(ctx, http.MethodGet, "/"+alias+"/_mapping", nil, &indices); err != nil {
		return fmt.Errorf("reading the fields of %s: %w", alias, err)
	}
	for index, x := range indices {
		if got := x.Mappings.Properties[field].Type; got != kind {
			return fmt.Errorf("the field %s of %s is of type %q, not %s", field, index, got, kind)
		}
	}
	return nil
}
