package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/athena"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// compareCatalog runs the views and saved queries of the lake's catalog over the very objects that were written, and compares
// each table's view with the table.
func compareCatalog(ctx context.Context, r *Run) (report.Catalog, error) {
	python, err := r.World.Site.Python(ctx)
	if err != nil {
		return report.Catalog{}, fmt.Errorf("finding Python: %w", err)
	}
	dir := filepath.Join(r.World.Site.Dir, "catalog")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return report.Catalog{}, fmt.Errorf("making a directory for the lake's objects: %w", err)
	}
	r.Log.Detail("the catalog's views and saved queries, over the lake's objects")
	result, err := athena.Check(ctx, athena.Options{
		Account: r.World.Account, Bucket: r.output("lakeBucket"), Prefix: r.output("lakePrefix"),
		Database: r.output("catalogDatabase"), Workgroup: r.output("athenaWorkgroup"), Python: python, Dir: dir,
	})
	if err != nil {
		return report.Catalog{}, fmt.Errorf("querying the lake: %w", err)
	}
	found := report.Catalog{QueriesRun: len(result.Queries)}
	for _, name := range tables {
		database, table, _ := strings.Cut(name, ".")
		view := strings.Replace(name, ".", "_", 1)
		differences, rows, err := athena.Compare(ctx, r.World.Database.Root(), database, table, result.Views[view])
		if err != nil {
			return found, fmt.Errorf("comparing the view %s with its table: %w", view, err)
		}
		found.Rows += rows
		if len(differences) > 0 {
			return found, fmt.Errorf("the view %s differs from its table in %d rows, the first: %s", view, len(differences), differences[0])
		}
	}
	found.Equal = true
	return found, nil
}
