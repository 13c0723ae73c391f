package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/world/objects"
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

// Replay applies changes again, from the lake and from the parked objects.
func Replay(ctx context.Context, r *Run) error {
	for _, step := range []struct {
		what string
		run  func(context.Context, *Run) error
	}{
		{"deletions that OpenSearch would have forgotten", replayDeletions},
		{"an index that was deleted", replayDeletedIndex},
		{"parked records", replayParked},
		{"a new epoch, while rows are written", replayNewEpoch},
	} {
		r.Log.Detail("replay: %s", step.what)
		if err := step.run(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// forgotten is how long OpenSearch remembers a deleted document's version (index.gc_deletes).
const forgotten = time.Minute

// replayDeletions replays everything into indices in use, after OpenSearch has forgotten the last deletion. No
// deleted row may come back.
func replayDeletions(ctx context.Context, r *Run) error {
	written, err := written(r, "changes")
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
		if _, err := r.Tool.Run(ctx, c.name, 0, c.args...); err != nil {
			return err
		}
	}
	_, _, err = compareCurrent(ctx, r)
	return err
}

// replayDeletedIndex deletes the index behind a table's alias and fills it again from the lake, in two runs: the
// first is interrupted.
func replayDeletedIndex(ctx context.Context, r *Run) error {
	const table = "testdb.retail_trans"
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	behind, err := indicesBehind(ctx, r, r.aliasOf(table))
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
	if err := r.Tool.Watch(ctx, "replay-interrupted", interrupted, replay...); err != nil {
		return err
	}
	text, err := r.Tool.Run(ctx, "replay-resumed", 0, append(replay, "--output", "json")...)
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
	if _, _, err := compareCurrent(ctx, r); err != nil {
		return err
	}
	r.Report.Current.AfterReplayEqual = true
	return nil
}

// replayParked puts a row of an undescribed table into the stream, and describes the table once the row is parked.
// Then the row can be indexed.
func replayParked(ctx context.Context, r *Run) error {
	// Older than the function's wait for a description, which may be in another shard.
	made := time.Now().Add(-2 * time.Minute).UTC().Format(time.RFC3339Nano)
	row := fmt.Sprintf(`{"data":{"id":7,"what":"late"},"metadata":{"timestamp":%q,"record-type":"data","operation":"load",`+
		`"partition-key-type":"schema-table","schema-name":"shop","table-name":"undescribed"}}`, made)
	described := fmt.Sprintf(`{"control":{"table-def":{"columns":{"id":{"type":"INT32"},"what":{"type":"WSTRING"}},"primary-key":["id"]}},`+
		`"metadata":{"timestamp":%q,"record-type":"control","operation":"create-table","partition-key-type":"schema-table","schema-name":"shop","table-name":"undescribed"}}`, made)
	before, err := parkedObjects(ctx, r)
	if err != nil {
		return err
	}
	if err := put(ctx, r, row); err != nil {
		return err
	}
	if err := waitUntil(ctx, "the record is parked", func() (bool, error) {
		now, err := parkedObjects(ctx, r)
		return now > before, err
	}); err != nil {
		return err
	}
	if _, err := r.Tool.Run(ctx, "replay-parked-refused", 1, "replay", "--parked-only"); err != nil {
		return err
	}
	if err := put(ctx, r, described); err != nil {
		return err
	}
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	index := r.aliasOf("shop.undescribed")
	if err := waitUntil(ctx, "the table is described", func() (bool, error) {
		status, _, err := admin.Call(ctx, http.MethodGet, "/_alias/"+url.PathEscape(index), nil)
		return status == http.StatusOK, err //nolint:wrapcheck // until adds what was waited for
	}); err != nil {
		return err
	}
	if _, err := r.Tool.Run(ctx, "replay-parked", 0, "replay", "--parked-only", "--table", "shop.undescribed"); err != nil {
		return err
	}
	if err := admin.Refresh(ctx, index); err != nil {
		return fmt.Errorf("refreshing %s: %w", index, err)
	}
	hits, err := admin.Search(ctx, index, map[string]any{"query": map[string]any{"term": map[string]any{"id": 7}}})
	if err != nil || len(hits) != 1 {
		return errors.Join(fmt.Errorf("%s has %d documents of the row", index, len(hits)), err)
	}
	after, err := parkedObjects(ctx, r)
	if err == nil && after != before {
		err = fmt.Errorf("%d objects are parked, and there were %d before the record came", after, before)
	}
	return err
}

// put writes a record to the stream.
func put(ctx context.Context, r *Run, record string) error {
	client := kinesis.NewFromConfig(r.World.Account.Config())
	_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: aws.String(r.output("streamName")), Data: []byte(record), PartitionKey: aws.String("shop.undescribed"),
	})
	if err != nil {
		return fmt.Errorf("writing to the stream: %w", err)
	}
	return nil
}

// parkedObjects counts the objects that the function has parked.
func parkedObjects(ctx context.Context, r *Run) (int, error) {
	keys := map[string]bool{}
	err := objects.Lines(ctx, r.World.Account.Config(), r.output("lakeBucket"), r.output("currentParkedPrefix"), func(key string, _ []byte) error {
		keys[key] = true
		return nil
	})
	return len(keys), err
}

// waitUntil waits for a condition, for at most a minute.
func waitUntil(ctx context.Context, what string, done func() (bool, error)) error {
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
func replayNewEpoch(ctx context.Context, r *Run) error {
	const table = "testdb.retail_trans"
	written := make(chan error, 1)
	go func() {
		r.rounds++
		written <- r.Tool.Generate(ctx, tool.Load{Journal: "while-replayed", Count: 300, Mix: "60/20/20", Seed: 100 + r.rounds, Tables: []string{table}, Rate: 5})
	}()
	_, err := r.Tool.Run(ctx, "replay-new-epoch", 0, "replay", "--new-epoch", "--table", table, "--ca", r.World.Site.Authority.File())
	if err := errors.Join(err, <-written); err != nil {
		return err
	}
	if _, _, err := compareCurrent(ctx, r); err != nil {
		return err
	}
	r.Report.Current.AfterEpochEqual = true
	return nil
}
