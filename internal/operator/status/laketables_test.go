package status

import (
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/task/tasktest"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// fakeGlue has one run of the job, or none.
type fakeGlue struct {
	run string // this is JSON
	err error
}

func (f fakeGlue) JSON(_ context.Context, _ string, _, answer any) error {
	if f.err != nil {
		return f.err
	}
	return json.Unmarshal([]byte(`{"JobRuns":[`+f.run+`]}`), answer)
}

// fakeNotes maps each table's name to the job's note.
type fakeNotes map[string]string

func (f fakeNotes) ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := &s3.ListObjectsV2Output{}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		out.Contents = append(out.Contents, s3types.Object{Key: aws.String("tables/_state/" + name + ".json")})
	}
	return out, nil
}

func (f fakeNotes) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(f[strings.TrimSuffix(strings.TrimPrefix(*in.Key, "tables/_state/"), ".json")]))}, nil
}

// kept returns two tables. The job's note on the second says stopped.
func kept(run, stopped string) *LakeTables {
	note := func(name string, at, until time.Duration, stopped string) string {
		return fmt.Sprintf(`{"table":"shop_%[1]s_table","source":"shop.%[1]s","at":%[2]q,"until":%[3]q,"rows":1000,"objects":12,"bytes":1500000,"refused":0,"stopped":%[4]q}`,
			name, tasktest.Noon.Add(-at).Format(time.RFC3339), tasktest.Noon.Add(-until).Format(time.RFC3339), stopped)
	}
	return &LakeTables{
		Job: tables.Job{Glue: fakeGlue{run: run}, Name: "j"},
		State: objects.Lake{Bucket: "lake", Prefix: "tables/_state", Client: fakeNotes{
			"shop_orders_table": note("orders", 20*time.Minute, 50*time.Hour, ""), "shop_lines_table": note("lines", 20*time.Minute, 3*time.Hour, stopped),
		}},
	}
}

// rowOf returns the status line of the lake's tables.
func rowOf(t *testing.T, s Status) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, s.WriteTable(&text, false))
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "│ tables ") {
			return strings.Join(strings.Fields(strings.ReplaceAll(line, "│", "")), " ")
		}
	}
	return ""
}

// A table is as fresh as its last run, even if its last change was long ago.
func TestTheLakesTablesAreALine(t *testing.T) {
	p := wellParts()
	require.Empty(t, rowOf(t, p.read(t)), "a lake without tables")
	p.tables = kept(`{"JobRunState":"SUCCEEDED"}`, "")
	status := p.read(t)
	require.True(t, status.Healthy)
	require.Equal(t, "tables 2 tables 20m0s 2000 rows in 24 objects, 3.0 MB", rowOf(t, status))
	require.Equal(t, LakeTable{
		Name: "shop_lines", Source: "shop.lines", LagSeconds: new(1200.0), Until: aws.Time(tasktest.Noon.Add(-3 * time.Hour)), Rows: 1000, Objects: 12, Bytes: 1_500_000,
	}, status.LakeTables.Tables[0])
	p.tables = kept("", "")
	p.tables.State.Client = fakeNotes{}
	require.Equal(t, "tables no run yet - 0 rows in 0 objects, 0 B", rowOf(t, p.read(t)))
	require.True(t, p.read(t).Healthy)
}

func TestATableOfTheLakeThatHasStoppedIsAProblem(t *testing.T) {
	p := wellParts()
	p.tables = kept(`{"JobRunState":"FAILED","ErrorMessage":"SystemExit: 1"}`, "raise source.schemaRevision")
	status := p.read(t)
	require.Equal(t, []string{"the lake's table shop_lines has stopped: raise source.schemaRevision"}, status.Problems, "which is why the run failed")
	require.Equal(t, "tables 1 stopped 3h0m0s 2000 rows in 24 objects, 3.0 MB", rowOf(t, status))
}

func TestARunOfTheTablesJobThatFailedIsAProblem(t *testing.T) {
	p := wellParts()
	p.tables = kept(`{"JobRunState":"TIMEOUT","ErrorMessage":"too long"}`, "")
	status := p.read(t)
	require.Len(t, status.Problems, 1)
	require.Contains(t, status.Problems[0], "the latest run of the lake's tables' job ended timeout (too long): read its log for the reason")
	require.Contains(t, rowOf(t, status), "run timeout")
	for _, fine := range []string{"RUNNING", "STARTING", "STOPPED"} {
		p.tables = kept(fmt.Sprintf(`{"JobRunState":%q}`, fine), "")
		require.True(t, p.read(t).Healthy, fine)
	}
}

func TestTablesOfTheLakeThatCannotBeReadAreSaid(t *testing.T) {
	p := wellParts()
	p.tables = kept("", "")
	p.tables.Job.Glue = fakeGlue{err: errors.New("denied")}
	status := p.read(t)
	require.Equal(t, []string{"cannot read the lake's tables: asking for the runs of the job j: denied"}, status.Problems)
	require.Contains(t, rowOf(t, status), "unreadable")
	p.tables = kept("", "")
	p.tables.State.Client = fakeNotes{"shop_orders_table": "{"}
	require.Contains(t, p.read(t).Problems[0], "reading tables/_state/shop_orders_table.json")
}
