package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// rehearseReplay applies changes once more, from the lake and from where they were parked.
func (r *rehearsal) rehearseReplay(ctx context.Context) error {
	return r.check("replay", r.replay(ctx))
}

func (r *rehearsal) replay(ctx context.Context) error {
	for _, step := range []struct {
		what string
		run  func(context.Context) error
	}{
		{"deletions that OpenSearch would have forgotten", r.replayDeletions},
		{"an index that was deleted", r.replayDeletedIndex},
		{"parked records", r.replayParked},
		{"a new epoch, while rows are written", r.replayNewEpoch},
	} {
		r.log.Detail("replay: %s", step.what)
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// forgotten is how long OpenSearch remembers the version of a deleted document (index.gc_deletes).
const forgotten = time.Minute

// replayDeletions replays everything into indices that are in use, when the last deletion is older than OpenSearch's
// memory of deleted documents: no deleted row may come back.
func (r *rehearsal) replayDeletions(ctx context.Context) error {
	written, err := r.written("changes")
	if err != nil {
		return err
	}
	var last time.Time
	for _, c := range written {
		if strings.Contains(c.ID, " delete ") && c.At.After(last) {
			last = c.At
		}
	}
	if last.IsZero() {
		return errors.New("nothing was deleted")
	}
	if err := pause(ctx, time.Until(last.Add(forgotten+time.Second))); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"replay-dry-run", []string{"replay", "--dry-run"}},
		{"replay", []string{"replay"}},
	} {
		if _, err := r.operate(ctx, c.name, 0, c.args...); err != nil {
			return err
		}
	}
	_, _, err = r.compareCurrent(ctx)
	return err
}

// replayDeletedIndex deletes the index behind a table's alias and fills it again from the lake, in two goes: the first is
// interrupted.
func (r *rehearsal) replayDeletedIndex(ctx context.Context) error {
	const table = "testdb.retail_trans"
	admin, err := r.admin(ctx, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	behind, err := r.behind(ctx, aliasOf(table))
	if err != nil {
		return err
	}
	for _, index := range behind {
		if err := admin.Do(ctx, http.MethodDelete, "/"+index, nil, nil); err != nil {
			return fmt.Errorf("deleting the index: %w", err)
		}
	}
	replay := []string{"replay", "--table", table, "--rate", "200"}
	interrupted := func(output string) (bool, error) { return strings.Count(output, "bytes read") > 1, nil }
	if err := r.watch(ctx, "replay-interrupted", interrupted, replay...); err != nil {
		return err
	}
	text, err := r.operate(ctx, "replay-resumed", 0, append(replay, "--output", "json")...)
	if err != nil {
		return err
	}
	var sum struct{ RecordsDone, Applied int }
	if err := json.Unmarshal([]byte(text), &sum); err != nil {
		return fmt.Errorf("reading what cdc replay says: %w", err)
	}
	if sum.RecordsDone == 0 || sum.Applied == 0 {
		return fmt.Errorf("the second replay did not go on where the first was: %s", text)
	}
	if _, _, err := r.compareCurrent(ctx); err != nil {
		return err
	}
	r.report.Current.AfterReplayEqual = true
	return nil
}

// replayParked puts a row of a table into the stream that nobody has described, and describes the table when the row is
// parked: then it can be indexed.
func (r *rehearsal) replayParked(ctx context.Context) error {
	// Older than the function waits for a description that may be in another shard.
	made := time.Now().Add(-2 * time.Minute).UTC().Format(time.RFC3339Nano)
	row := fmt.Sprintf(`{"data":{"id":7,"what":"late"},"metadata":{"timestamp":%q,"record-type":"data","operation":"load",`+
		`"partition-key-type":"schema-table","schema-name":"shop","table-name":"undescribed"}}`, made)
	described := fmt.Sprintf(`{"control":{"table-def":{"columns":{"id":{"type":"INT32"},"what":{"type":"WSTRING"}},"primary-key":["id"]}},`+
		`"metadata":{"timestamp":%q,"record-type":"control","operation":"create-table","partition-key-type":"schema-table","schema-name":"shop","table-name":"undescribed"}}`, made)
	before, err := r.parkedObjects(ctx)
	if err != nil {
		return err
	}
	if err := r.put(ctx, row); err != nil {
		return err
	}
	if err := r.until(ctx, "the record is parked", func() (bool, error) {
		now, err := r.parkedObjects(ctx)
		return now > before, err
	}); err != nil {
		return err
	}
	if _, err := r.operate(ctx, "replay-parked-refused", 1, "replay", "--parked-only"); err != nil {
		return err
	}
	if err := r.put(ctx, described); err != nil {
		return err
	}
	admin, err := r.admin(ctx, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	index := aliasOf("shop.undescribed")
	if err := r.until(ctx, "the table is described", func() (bool, error) {
		status, _, err := admin.Call(ctx, http.MethodGet, "/_alias/"+url.PathEscape(index), nil)
		return status == http.StatusOK, err //nolint:wrapcheck // until says what was waited for
	}); err != nil {
		return err
	}
	if _, err := r.operate(ctx, "replay-parked", 0, "replay", "--parked-only", "--table", "shop.undescribed"); err != nil {
		return err
	}
	if err := admin.Refresh(ctx, index); err != nil {
		return fmt.Errorf("refreshing %s: %w", index, err)
	}
	hits, err := admin.Search(ctx, index, map[string]any{"query": map[string]any{"term": map[string]any{"id": 7}}})
	if err != nil || len(hits) != 1 {
		return errors.Join(fmt.Errorf("%s has %d documents of the row", index, len(hits)), err)
	}
	after, err := r.parkedObjects(ctx)
	if err == nil && after != before {
		err = fmt.Errorf("%d objects are parked, and there were %d before the record came", after, before)
	}
	return err
}

// put a record into the stream.
func (r *rehearsal) put(ctx context.Context, record string) error {
	client := kinesis.NewFromConfig(r.world.Account.Config())
	_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: aws.String(r.output("streamName")), Data: []byte(record), PartitionKey: aws.String("shop.undescribed"),
	})
	if err != nil {
		return fmt.Errorf("writing to the stream: %w", err)
	}
	return nil
}

// parkedObjects counts the objects that the function has parked.
func (r *rehearsal) parkedObjects(ctx context.Context) (int, error) {
	keys := map[string]bool{}
	err := r.lines(ctx, r.output("currentParkedPrefix"), func(key string, _ []byte) error {
		keys[key] = true
		return nil
	})
	return len(keys), err
}

// until something is so, for a minute at most.
func (r *rehearsal) until(ctx context.Context, what string, done func() (bool, error)) error {
	for began := time.Now(); ; {
		ok, err := done()
		if ok && err == nil {
			return nil
		}
		if time.Since(began) > time.Minute {
			return errors.Join(fmt.Errorf("waited a minute in vain until %s", what), err)
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// replayNewEpoch fills another index from the lake and shows it, while rows are written.
func (r *rehearsal) replayNewEpoch(ctx context.Context) error {
	const table = "testdb.retail_trans"
	written := make(chan error, 1)
	go func() {
		r.rounds++
		written <- r.generate(ctx, "while-replayed", 300, "60/20/20", 100+r.rounds, []string{table}, "--rate", "5", "--stack", "rehearsal", "--dir", r.stack.Dir())
	}()
	_, err := r.operate(ctx, "replay-new-epoch", 0, "replay", "--new-epoch", "--table", table, "--ca", r.world.Site.Authority.File())
	if err := errors.Join(err, <-written); err != nil {
		return err
	}
	if _, _, err := r.compareCurrent(ctx); err != nil {
		return err
	}
	r.report.Current.AfterEpochEqual = true
	return nil
}
