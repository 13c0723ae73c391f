package tables

import (
	"bytes"
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/lake/objects"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// glue imitates Glue. It refuses a run while busy, and a run passes through each of the states once.
type glue struct {
	busy    int
	states  []string
	started []map[string]any
}

func (g *glue) JSON(_ context.Context, action string, request, answer any) error {
	in := request.(map[string]any)
	var out any
	switch action {
	case "StartJobRun":
		if g.busy > 0 {
			g.busy--
			return fmt.Errorf("calling: %w", &awsapi.Error{Code: "ConcurrentRunsExceededException"})
		}
		g.started = append(g.started, in)
		out = map[string]string{"JobRunId": "jr_1"}
	case "GetJobRun":
		out = map[string]any{"JobRun": map[string]any{"Id": in["RunId"], "JobRunState": g.states[0], "ErrorMessage": "out of memory", "ExecutionTime": 70}}
		if len(g.states) > 1 {
			g.states = g.states[1:]
		}
	case "GetJobRuns":
		runs := []any{}
		for range g.started {
			runs = append(runs, map[string]string{"Id": "jr_1", "JobRunState": g.states[0]})
		}
		out = map[string]any{"JobRuns": runs}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

func TestARunIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &glue{busy: 2, states: []string{"STARTING", "RUNNING", "RUNNING", "SUCCEEDED"}}
		var told []string
		job := Job{Glue: g, Name: "j", Tell: func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }}
		_, ok, err := job.Latest(t.Context())
		require.NoError(t, err)
		require.False(t, ok)
		run, err := job.Start(t.Context(), Update, "a_table", "b_table")
		require.NoError(t, err)
		require.Equal(t, Run{ID: "jr_1", State: "SUCCEEDED", Error: "out of memory", Seconds: 70}, run)
		require.Equal(t, []map[string]any{{"JobName": "j", "Arguments": map[string]string{"--action": "run", "--tables": "a_table,b_table"}}}, g.started)
		require.Equal(t, []string{"the job j is already running: waiting for its end", "the job j is already running: waiting for its end", "run jr_1 of the job j has started", "run jr_1: starting", "run jr_1: running"}, told)
		run, ok, err = job.Latest(t.Context())
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "SUCCEEDED", run.State)
	})
}

func TestARowsKeyIsInNoArgument(t *testing.T) {
	g := &glue{states: []string{"SUCCEEDED"}}
	_, err := Job{Glue: g, Name: "j"}.Erase(t.Context(), "tables/_state/erase/x.json")
	require.NoError(t, err)
	require.Equal(t, []map[string]any{{"JobName": "j", "Arguments": map[string]string{"--action": "erase", "--request": "tables/_state/erase/x.json"}}}, g.started)
}

func TestARunThatFailsSaysWhy(t *testing.T) {
	for _, state := range []string{"FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"} {
		_, err := Job{Glue: &glue{states: []string{state}}, Name: "j"}.Start(t.Context(), Upkeep)
		require.ErrorContains(t, err, "run jr_1 of the job j ended "+strings.ToLower(state)+": out of memory")
	}
}

func TestWhoEndsTheWaitIsToldThatTheRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := Job{Glue: &glue{states: []string{"RUNNING"}}, Name: "j"}.Start(ctx, Update)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "run jr_1 goes on")
	})
}

// bucket holds objects in memory.
type bucket map[string]string

func (b bucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := &s3.ListObjectsV2Output{}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if strings.HasPrefix(key, *in.Prefix) {
			out.Contents = append(out.Contents, types.Object{Key: aws.String(key)})
		}
	}
	return out, nil
}

func (b bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader([]byte(b[*in.Key])))}, nil
}

func TestWhatTheJobSaysOfTables(t *testing.T) {
	state := objects.Lake{Bucket: "b", Prefix: "tables/_state", Client: bucket{
		"tables/_state/b_table.json":                          `{"table":"b_table","source":"s.b","at":"2026-11-28T10:00:00Z","until":null,"rows":0,"objects":2,"bytes":9,"refused":0,"stopped":"column x"}`,
		"tables/_state/a_table.json":                          `{"table":"a_table","source":"s.a","location":"tables/1/iceberg/a/all","at":"2026-11-28T10:00:00.5Z","until":"2026-11-28T09:00:00Z","rows":3,"objects":2,"bytes":9,"refused":1,"stopped":""}`,
		"tables/_state/read/tables/1/iceberg/a/all.json":      `{"until":"x"}`,
		"tables/1/iceberg/a/all/metadata/00001.metadata.json": `{}`,
	}}
	notes, err := Notes(t.Context(), state)
	require.NoError(t, err)
	until := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	require.Equal(t, []Note{
		{Table: "a_table", Source: "s.a", Location: "tables/1/iceberg/a/all", At: until.Add(time.Hour + 500*time.Millisecond), Until: &until, Rows: 3, Objects: 2, Bytes: 9, Refused: 1},
		{Table: "b_table", Source: "s.b", At: until.Add(time.Hour), Objects: 2, Bytes: 9, Stopped: "column x"},
	}, notes)
	require.Equal(t, "a", notes[0].View())
	_, filled := notes[0].Filled()
	require.False(t, filled)
	view, filled := Note{Table: "a_next"}.Filled()
	require.True(t, filled)
	require.Equal(t, "a", view)
	state.Client = bucket{"tables/_state/a_table.json": "{"}
	_, err = Notes(t.Context(), state)
	require.ErrorContains(t, err, "reading tables/_state/a_table.json")
}
