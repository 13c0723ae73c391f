package currentstate

import (
	"cdcpipeline/internal/table"
	"context"
	"fmt"
)

// Forget deletes a table that no longer exists: the indices of all its epochs, their aliases, and its entry. The
// caller must know that no record of it can come. Such a record would wait for a description of the table and then
// be parked.
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
