package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/schema"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

const (
	// clocksDiffer is the assumed greatest difference between this machine's clock and AWS's.
	clocksDiffer = 2 * time.Minute
	historyPoll  = 500 * time.Millisecond
	lakePoll     = 2 * time.Second
)

// errFound ends a search early.
var errFound = errors.New("found")

// streamSeeker reads every shard from shortly before the commit.
type streamSeeker struct{ Stream }

func (s *streamSeeker) check(ctx context.Context, _ *sourceTable) error {
	if _, err := s.Client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &s.Name}); err != nil {
		return fmt.Errorf("listing the shards of the stream %s: %w", s.Name, err)
	}
	return nil
}

func (s *streamSeeker) seek(ctx context.Context, m *marker) (where string, record *change.Record, err error) {
	err = s.Read(ctx, m.committed.Add(-clocksDiffer), func(a Arrival) error {
		r, ok := m.parse(a.Data)
		if !ok {
			return nil
		}
		where, record = a.Shard+" "+a.Sequence, r
		return errFound
	})
	if record != nil {
		return where, record, nil
	}
	return "", nil, err
}

// historySeeker searches the history index by the key's columns, as a person would.
type historySeeker struct{ Search }

func (s *historySeeker) check(ctx context.Context, t *sourceTable) error {
	_, err := s.Count(ctx, s.Index, t.changes())
	return err
}

func (s *historySeeker) seek(ctx context.Context, m *marker) (where string, record *change.Record, last error) {
	query := m.changes(object{"term": object{"metadata.operation": change.Insert}}, m.byKey())
	for {
		hits, err := s.find(ctx, query)
		if ctx.Err() == nil {
			last = err
		}
		for _, h := range hits {
			if r, ok := m.parse(h.Source); ok {
				return h.Index + "/" + h.ID, r, nil
			}
		}
		if !sleep(ctx, historyPoll) {
			return "", nil, last
		}
	}
}

// byKey matches documents by the key's columns in every possible spelling, or by the record's partition key. A field of
// another type matches nothing and causes no error.
func (m *marker) byKey() object {
	var columns []object
	partition := m.Name.String()
	for n, i := range m.Key {
		c := m.Columns[i]
		partition += "." + m.key[n]
		var forms []object
		for _, form := range spellings(c, m.row[c.Name], m.key[n]) {
			forms = append(forms, object{"match": object{"data." + c.Name: object{"query": form, "lenient": true}}})
		}
		columns = append(columns, object{"bool": object{"should": forms, "minimum_should_match": 1}})
	}
	return object{"bool": object{"minimum_should_match": 1, "should": []object{
		{"bool": object{"filter": columns}},
		{"term": object{"metadata.partition-key-value": partition}},
	}}}
}

// spellings returns the possible texts of a value in a record.
func spellings(c schema.Column, value any, normal string) []string {
	text := fmt.Sprint(value)
	switch c.Kind {
	case schema.Binary:
		return []string{"0x" + normal, "0x" + strings.ToLower(normal), normal}
	case schema.DateTime, schema.Timestamp:
		return []string{text, normal + "Z", normal}
	default:
	}
	if text == normal {
		return []string{text}
	}
	return []string{text, normal}
}

// lakeSeeker reads new objects in the folders of the hours since the commit.
type lakeSeeker struct{ objects.Lake }

func (s *lakeSeeker) check(ctx context.Context, t *sourceTable) error {
	_, err := s.List(ctx, s.Hours(t.Name.Database, t.Name.Table, time.Now(), time.Now())[0])
	return err
}

func (s *lakeSeeker) seek(ctx context.Context, m *marker) (where string, record *change.Record, last error) {
	done := map[string]bool{}
	for {
		where, record, err := s.look(ctx, m, done)
		if record != nil {
			return where, record, nil
		}
		if ctx.Err() == nil { // an interrupted look proves nothing
			last = err
		}
		if !sleep(ctx, lakePoll) {
			return "", nil, last
		}
	}
}

// look reads the objects that are not done. It returns the last error.
func (s *lakeSeeker) look(ctx context.Context, m *marker, done map[string]bool) (where string, record *change.Record, last error) {
	since := m.committed.Add(-clocksDiffer)
	for _, folder := range s.Hours(m.Name.Database, m.Name.Table, since, time.Now().Add(clocksDiffer)) {
		objects, err := s.List(ctx, folder)
		if err != nil {
			last = err
		}
		for _, o := range objects {
			if done[o.Key] || o.Written.Before(since) {
				continue
			}
			err := s.Lines(ctx, o.Key, func(line []byte) error {
				r, ok := m.parse(line)
				if !ok {
					return nil
				}
				record = r
				return errFound
			})
			if record != nil {
				return o.Key, record, nil
			}
			if done[o.Key] = err == nil; err != nil {
				last = err
			}
		}
	}
	return "", nil, last
}
