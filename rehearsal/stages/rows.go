package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"os"
	"strconv"
	"strings"
)

// seed writes the rows that are there before the task starts, as soon as the bootstrap has made the tables.
func seed(ctx context.Context, r *Run, function string) {
	if _, err := os.Stat(r.Tool.Journal("loaded")); err == nil || !strings.Contains(function, "bootstrap") || r.World.MasterSecretArn == "" {
		return // they are there, or the database is somebody else's
	}
	db := r.World.Database
	r.seedErr = r.Tool.Generate(ctx, tool.Load{
		Journal: "loaded", Count: loaded, Mix: "100/0/0", Seed: 1, Tables: tables,
		Database: []string{"--host", db.Host, "--port", strconv.Itoa(db.Port), "--secret-arn", r.World.MasterSecretArn},
	})
}

// Rows makes changes while the pipeline runs, finding the database by the stack's outputs as a user would.
func Rows(ctx context.Context, r *Run) error {
	if err := r.Tool.Generate(ctx, tool.Load{Journal: "changes", Count: r.Count, Mix: "70/20/10", Seed: 2, Tables: tables}); err != nil {
		return err
	}
	return r.World.Healthy()
}
