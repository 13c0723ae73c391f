package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
)

// Rows makes changes while the pipeline runs. It finds the database through the stack's outputs, as a user does.
func Rows(ctx context.Context, r *Run) error {
	if err := r.Tool.Generate(ctx, tool.Load{Journal: "changes", Count: r.Count, Mix: "70/20/10", Seed: 2, Tables: tables}); err != nil {
		return err
	}
	return r.World.Healthy()
}
