package main

import (
	"bytes"
	"cdcpipeline/rehearsal/bench/drive"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/opensearch-project/opensearch-go/v4"
	"github.com/opensearch-project/opensearch-go/v4/opensearchapi"
	"github.com/opensearch-project/opensearch-go/v4/opensearchutil"
)

// bulkIndexer is opensearch-go's BulkIndexer with its defaults, one for each worker. Its documents are prepared.
type bulkIndexer struct {
	opensearchutil.BulkIndexer
	index string
}

func indexer(t drive.Task) (drive.Worker, error) {
	send, err := t.Transport()
	if err != nil {
		return nil, err
	}
	client, err := opensearchapi.NewClient(opensearchapi.Config{Client: opensearch.Config{Addresses: []string{t.URL}, Transport: send}})
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	made, err := opensearchutil.NewBulkIndexer(opensearchutil.BulkIndexerConfig{Client: client, NumWorkers: 1})
	if err != nil {
		return nil, fmt.Errorf("making a bulk indexer: %w", err)
	}
	return bulkIndexer{made, t.Index}, nil
}

// Write adds documents. Each line has an id, a version and a document, separated by tabs.
func (b bulkIndexer) Write(ctx context.Context, part []byte) error {
	for line := range bytes.Lines(part) {
		id, rest, _ := bytes.Cut(line, []byte("\t"))
		number, source, _ := bytes.Cut(rest, []byte("\t"))
		version, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil {
			return fmt.Errorf("reading a version: %w", err)
		}
		kind := "external_gte"
		item := opensearchutil.BulkIndexerItem{Action: "index", Index: b.index, DocumentID: string(id), Version: &version, VersionType: &kind, Body: bytes.NewReader(bytes.TrimSuffix(source, []byte("\n")))}
		if err := b.Add(ctx, item); err != nil {
			return fmt.Errorf("adding a document: %w", err)
		}
	}
	return nil
}

// Close writes the remaining documents and checks that all were written.
func (b bulkIndexer) Close(ctx context.Context) error {
	if err := b.BulkIndexer.Close(ctx); err != nil {
		return fmt.Errorf("writing what is left: %w", err)
	}
	if s := b.Stats(); s.NumFailed > 0 || s.NumFlushed != s.NumAdded {
		return errors.New("documents were not written")
	}
	return nil
}
