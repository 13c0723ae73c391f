package main

import (
	"bytes"
	"cdcpipeline/rehearsal/bench/drive"
	"context"
	"fmt"
	"io"
	"net/http"
)

// raw sends prepared requests, and asks for the shortest possible answer.
func raw(t drive.Task) (drive.Worker, error) {
	send, err := t.Transport()
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: send}
	return drive.Func(func(ctx context.Context, body []byte) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+"/"+t.Index+"/_bulk?filter_path=errors", bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("preparing a bulk request: %w", err)
		}
		request.Header.Set("Content-Type", "application/x-ndjson")
		if t.Gzip {
			request.Header.Set("Content-Encoding", "gzip")
		}
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("sending a bulk request: %w", err)
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return fmt.Errorf("reading the answer to a bulk request: %w", err)
		}
		if string(answer) != `{"errors":false}` {
			return fmt.Errorf("the node answered %d: %.1000s", response.StatusCode, answer)
		}
		return nil
	}), nil
}
