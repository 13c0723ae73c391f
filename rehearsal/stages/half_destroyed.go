package stages

import (
	"context"
	"errors"
	"fmt"
)

// HalfDestroyed destroys the stack while the domain cannot be deleted. The domain's contents are then missing from
// the stack's state, but still in the domain. The next deployment must make a complete stack again.
func HalfDestroyed(ctx context.Context, r *Run) error {
	r.World.Domains.RefuseDeletion(true)
	_, err := r.Stack.Destroy(ctx, r.tell)
	r.World.Domains.RefuseDeletion(false)
	if err == nil {
		return errors.New("the destroy did not fail, although the domain could not be deleted")
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("the up after the destroy that failed: %w", err)
	}
	if err := taskRuns(ctx, r); err != nil {
		return err
	}
	return rowsReach(ctx, r, "after-half-destroy", r.searched().history)
}
