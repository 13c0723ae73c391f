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
	// most limits the documents of one probe. It allows for those that Firehose sends again.
	most = 1000
)

// histories is the pattern of index names to search. The pattern covers every index with the alias's name. In a
// collection it is the only index that a data access policy allows.
func (p *Probe) histories() string {
	if p.inCollection() {
		return p.History.Index
	}
	return p.History.Index + "*"
}

// findDocuments searches every index with the alias's name for the probe's documents. It stops when there are as many
// as records.
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
			return ctx.Err() //nolint:wrapcheck // the run was interrupted
		}
	}
}

func (r *run) documentsOfRun() object { return object{"term": object{"data.run": r.evidence.Run}} }

// findLines searches the lake's objects for the probe's records. It stops when it has one about a table and as many
// rows as came from the stream.
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
			return ctx.Err() //nolint:wrapcheck // the run was interrupted
		}
	}
}

// readObjects reads new objects in the folders of the probe's tables and of control records. It skips objects that were
// read already or are older than the probe.
func (r *run) readObjects(ctx context.Context, done map[string]bool) error {
	since := r.evidence.Began.Add(-clocksDiffer)
	// The folder of the table with $ begins with the name of the other table, however $ is escaped.
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
