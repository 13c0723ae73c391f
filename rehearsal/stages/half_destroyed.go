package stages

import (
	"context"
	"errors"
	"fmt"
)

// HalfDestroyed destroys the stack while the domain cannot be deleted. What is inside the domain is then no longer in the
// stack's state, and still in the domain. The next deployment makes a whole stack again.
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
