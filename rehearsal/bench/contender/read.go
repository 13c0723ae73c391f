package main

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/rehearsal/bench/drive"
	"context"
	"fmt"
)

// reader parses a record and computes its key, version and id, as the function does for each record of a batch.
func reader() drive.Worker {
	var r change.Reader
	return drive.Func(func(_ context.Context, raw []byte) error {
		for range drive.Times {
			r.Reset()
			record, err := r.Read(raw)
			if err != nil {
				return fmt.Errorf("reading a record: %w", err)
			}
			if _, err := record.Version(); err != nil {
				return fmt.Errorf("reading a record: %w", err)
			}
			key, err := record.Key(change.KeyColumns{Names: []string{"id"}})
			if err != nil || key.ID() == "" {
				return fmt.Errorf("reading a record: its key: %w", err)
			}
		}
		return nil
	})
}
