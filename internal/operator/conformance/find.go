package conformance

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"fmt"
	"strings"
	"time"
)

type object map[string]any

const (
	historyPoll = 500 * time.Millisecond
	lakePoll    = 2 * time.Second
	// most documents that one probe has, with what Firehose may send again.
	most = 1000
)

// histories are whatever indices have the alias's name; of a collection the one that a data access policy gives.
func (p *Probe) histories() string {
	if p.inCollection() {
		return p.History.Index
	}
	return p.History.Index + "*"
}

// findDocuments looks for the probe's in whatever index has the alias's name, until there are as many as records.
func (r *run) findDocuments(ctx context.Context, want int) error {
	search := object{"size": most, "query": r.documentsOfRun()}
	for began := time.Now(); ; {
		found, err := opensearch.Search[Document](ctx, r.History.Client, r.histories(), search)
		if err != nil {
			return fmt.Errorf("searching the history: %w", err)
		}
		var texts []string
		for _, d := range found {
			texts = append(texts, string(d.Source))
		}
		if r.evidence.History = found; r.evidence.records(texts) >= want || time.Since(began) > r.Timeout {
			return nil
		}
		if !sleep(ctx, historyPoll) {
			return ctx.Err() //nolint:wrapcheck // interrupted
		}
	}
}

func (r *run) documentsOfRun() object { return object{"term": object{"data.run": r.evidence.Run}} }

// findLines looks for the probe's records in the lake's objects, until there are as many as rows came into the stream, and
// one that is about a table.
func (r *run) findLines(ctx context.Context, want int) error {
	done := map[string]bool{}
	for began := time.Now(); ; {
		if err := r.readObjects(ctx, done); err != nil {
			return err
		}
		var texts []string
		definitions := 0
		for _, l := range r.evidence.Lake {
			texts = append(texts, l.Text)
			if ofDefinitions(r.evidence, l) {
				definitions++
			}
		}
		if r.evidence.records(texts) >= want && definitions > 0 || time.Since(began) > r.Timeout {
			return nil
		}
		if !sleep(ctx, lakePoll) {
			return ctx.Err() //nolint:wrapcheck // interrupted
		}
	}
}

// readObjects of the probe's tables, and of records that are about no row, that have not been read and are not older.
func (r *run) readObjects(ctx context.Context, done map[string]bool) error {
	since := r.evidence.Began.Add(-clocksDiffer)
	// Whatever the folder of the table with the $ is called, it begins with the name of the one without.
	folders := []string{strings.TrimSuffix(r.Lake.Folder(r.Table.Database, r.Table.Table), "/")}
	folders = append(folders, r.Lake.Hours(controlFolder, controlFolder, since, time.Now().Add(clocksDiffer))...)
	for _, folder := range folders {
		found, err := r.Lake.List(ctx, folder)
		if err != nil {
			return err
		}
		for _, o := range found {
			if done[o.Key] || o.Written.Before(since) {
				continue
			}
			err := r.Lake.Lines(ctx, o.Key, func(line []byte) error {
				if text := string(line); r.evidence.about(text) {
					r.evidence.Lake = append(r.evidence.Lake, Line{o.Key, text})
				}
				return nil
			})
			if err != nil {
				return err
			}
			done[o.Key] = true
		}
	}
	return nil
}
