package currentstate

import (
	"cdcpipeline/internal/table"
	"context"
	"fmt"
)

// Forget a table that is no more: the indices of all its epochs, with their aliases, and its entry. That no record of it is
// still to come is the caller's to know: one would wait for a description of the table, and then be parked.
func (e *Epochs) Forget(ctx context.Context, n table.Name) error {
	s, err := e.registry.read(ctx, n)
	if err != nil || s.entry == nil {
		return err
	}
	for number := 1; number <= s.entry.Epochs[len(s.entry.Epochs)-1].Number; number++ {
		if err := e.indices.remove(ctx, e.Index(n, number)); err != nil {
			return fmt.Errorf("forgetting %s: %w", n, err)
		}
	}
	return e.registry.forget(ctx, n)
}
