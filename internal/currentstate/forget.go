package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Forget a table that is no more: the indices of all its epochs, with their aliases, and its entry. That no record of it is
// still to come is the caller's to know: one would wait for a description of the table, and then be parked.
func (e *Epochs) Forget(ctx context.Context, n table.Name) error {
	s, err := e.registry.read(ctx, n)
	if err != nil || s.Source == nil {
		return err
	}
	paths := make([]string, 0, len(s.Source.Epochs)+1)
	for number := 1; number <= s.Source.Epochs[len(s.Source.Epochs)-1].Number; number++ {
		paths = append(paths, "/"+url.PathEscape(Index(n, number))+"?ignore_unavailable=true")
	}
	for _, path := range append(paths, registryDocument(n)) {
		if err := e.client.call(ctx, http.MethodDelete, path, nil, nil); err != nil && opensearch.Status(err) != http.StatusNotFound {
			return fmt.Errorf("forgetting %s: %w", n, err)
		}
	}
	return nil
}
