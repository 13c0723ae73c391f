package stages

import (
	"bytes"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/poison"
	"cdcpipeline/rehearsal/standins/firehose"
	"cdcpipeline/rehearsal/world/objects"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// inputs are records that cannot be processed, and one of the maximum size.
var inputs = []fault{
	{
		name:   "half-a-record",
		what:   "Half a record of JSON comes in the stream: the function and both deliveries park it.",
		inject: putPoison("half a record"),
		alarm:  ending("current-parked", "search-failed"),
	},
	{
		name:   "text-that-is-none",
		what:   "A record comes whose text is not UTF-8: the function and both deliveries park it.",
		inject: putPoison("bytes that are no text"),
		alarm:  ending("current-parked", "search-failed"),
	},
	{
		name:   "unknown-table",
		what:   "A row comes of a table that nobody has described: the function parks it, the history and the lake have it.",
		inject: putPoison("a row of a table that nobody has described"),
		alarm:  ending("current-parked"),
	},
	{
		name:   "row-without-its-key",
		what:   "A row comes without its primary key: the function parks it, the history and the lake have it.",
		inject: putPoison("a row without its key"),
		alarm:  ending("current-parked"),
	},
	{
		name:   "record-of-1-mb",
		what:   "A record comes that is as long as Kinesis takes one, 1 MiB with its key, of a table that was just described.",
		inject: putLong, after: longShown,
	},
}

// quickly is a short time after which a delivery gives up; nothing else is wrong then.
var quickly = firehose.Pace{Interval: usualPace.Interval, Retry: 4 * time.Second}

// putPoison puts a record into the stream without waiting. A later check sees that it is parked.
func putPoison(what string) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		for _, p := range poison.Records(time.Now()) {
			if p.What == what {
				return s.putOne(ctx, p)
			}
		}
		return errors.New("there is no such record: " + what)
	}
}

func (s *scene) putOne(ctx context.Context, p poison.Record) error {
	s.World.Firehose.Hurry(quickly)
	defer s.World.Firehose.Hurry(usualPace)
	if err := poison.Put(ctx, s.World.Account.Config(), s.output("streamName"), []poison.Record{p}); err != nil {
		return err //nolint:wrapcheck // the error names what was done
	}
	s.parked++
	for name, takes := range map[string]bool{s.output("searchDeliveryName"): p.InHistory, s.output("lakeDeliveryName"): p.InLake} {
		if takes {
			continue
		}
		s.want.parked[name]++
		if err := waitUntil(ctx, name+" parks the record", func() (bool, error) {
			return s.World.Firehose.Stats()[name].Parked >= s.want.parked[name], nil
		}); err != nil {
			return err
		}
	}
	change, _, err := reconcile.Record(p.Data)
	if err != nil && (p.InHistory || p.InLake) {
		return fmt.Errorf("%s: %w", p.What, err)
	}
	if p.InHistory {
		s.want.history = append(s.want.history, change)
	}
	if p.InLake {
		s.want.lake = append(s.want.lake, change)
	}
	return waitUntil(ctx, "the function parks the record", func() (bool, error) { return s.hasParked(ctx, p) })
}

// hasParked reports whether the function has parked a record, with the expected reason.
func (s *scene) hasParked(ctx context.Context, p poison.Record) (bool, error) {
	found := false
	err := objects.Lines(ctx, s.World.Account.Config(), s.output("lakeBucket"), s.output("currentParkedPrefix"), func(_ string, line []byte) error {
		var one currentstate.Parked
		if err := json.Unmarshal(line, &one); err != nil {
			return fmt.Errorf("reading a parked record: %w", err)
		}
		found = found || one.Reason == p.Reason && bytes.Equal(one.Raw(), p.Data)
		return nil
	})
	return found, err //nolint:wrapcheck // the error names what was read
}

// longest is Kinesis's limit for data and key together,
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html.
const (
	longest   = 1 << 20
	longTable = "long"
)

// putLong describes a table, and puts one row of it into the stream.
func putLong(ctx context.Context, s *scene) error {
	made := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	metadata := func(kind, operation string) string {
		return fmt.Sprintf(`"metadata":{"timestamp":%q,"record-type":%q,"operation":%q,`+
			`"partition-key-type":"schema-table","schema-name":%q,"table-name":%q}`, made, kind, operation, faultDatabase, longTable)
	}
	key := faultDatabase + "." + longTable
	described := `{"control":{"table-def":{"columns":{"id":{"type":"INT32"},"body":{"type":"CLOB"}},"primary-key":["id"]}},` +
		metadata("control", "create-table") + "}"
	frame := `{"data":{"id":1,"body":"%s"},` + metadata("data", "load") + "}"
	row := strings.Replace(frame, "%s", strings.Repeat("long ", longest/5+1)[:longest-len(key)-len(frame)+len("%s")], 1)
	client := kinesis.NewFromConfig(s.World.Account.Config())
	for _, record := range []string{described, row} {
		if _, err := client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String(s.output("streamName")), Data: []byte(record), PartitionKey: &key}); err != nil {
			return fmt.Errorf("putting a record of %d bytes into the stream: %w", len(record), err)
		}
	}
	change, _, err := reconcile.Record([]byte(row))
	if err != nil {
		return err //nolint:wrapcheck // the error names what was read
	}
	s.want.history, s.want.lake = append(s.want.history, change), append(s.want.lake, change)
	return nil
}

func longShown(ctx context.Context, s *scene) error {
	alias := s.aliasOf(faultDatabase + "." + longTable)
	return waitUntil(ctx, alias+" shows the row", func() (bool, error) {
		admin, err := s.admin(ctx, s.searched().current)
		if err != nil {
			return false, err
		}
		if err := admin.Do(ctx, http.MethodPost, "/"+alias+"/_refresh", nil, nil); err != nil {
			return false, fmt.Errorf("refreshing %s: %w", alias, err)
		}
		n, err := admin.Count(ctx, alias)
		return n == 1, err //nolint:wrapcheck // until adds what was waited for
	})
}
