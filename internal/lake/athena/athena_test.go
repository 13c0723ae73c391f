package athena

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// api answers as Athena does: a statement has each state once, and a page has two rows.
type api struct {
	states []string
	rows   []string // JSON of a row's Data; the names come first
	calls  []string
	tokens []string
	fail   string // the action that fails
}

func (f *api) JSON(ctx context.Context, action string, request, answer any) error {
	f.calls = append(f.calls, action)
	if err := ctx.Err(); err != nil {
		return err
	}
	if action == f.fail {
		return &awsapi.Error{Service: "athena", Action: action, Code: "AccessDeniedException"}
	}
	said := "{}"
	switch action {
	case "StartQueryExecution":
		in := request.(map[string]any)
		f.tokens = append(f.tokens, in["ClientRequestToken"].(string))
		f.calls = append(f.calls, fmt.Sprint(in["QueryString"], in["WorkGroup"], in["QueryExecutionContext"]))
		said = `{"QueryExecutionId":"q-1"}`
	case "GetQueryExecution":
		said = fmt.Sprintf(`{"QueryExecution":{"Status":{"State":%q,"StateChangeReason":"line 1:8: no such column"}}}`, f.states[0])
		if len(f.states) > 1 {
			f.states = f.states[1:]
		}
	case "GetQueryResults":
		at := 0
		if token, ok := request.(map[string]any)["NextToken"]; ok {
			_, _ = fmt.Sscan(token.(string), &at)
		}
		next, shown := "", ""
		for i := at; i < min(at+2, len(f.rows)); i++ {
			shown += map[bool]string{true: ","}[i > at] + `{"Data":` + f.rows[i] + `}`
		}
		if at+2 < len(f.rows) {
			next = fmt.Sprintf(`"NextToken":"%d",`, at+2)
		}
		said = `{` + next + `"ResultSet":{"ResultSetMetadata":{"ColumnInfo":[{"Name":"a"},{"Name":"b"}]},"Rows":[` + shown + `]}}`
	}
	return json.Unmarshal([]byte(said), answer)
}

const names = `[{"VarCharValue":"a"},{"VarCharValue":"b"}]`

func query(ctx context.Context, f *api) ([][]sql.NullString, error) {
	var rows [][]sql.NullString
	err := Database{API: f, Name: "shop_dev", Workgroup: "w"}.Query(ctx, "SELECT", func(row []sql.NullString) error {
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func TestRowsOfAllPagesAreHandedOnWithoutTheNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &api{states: []string{"QUEUED", "RUNNING", "SUCCEEDED"}, rows: []string{names, `[{"VarCharValue":"1"},{}]`, names, `[{"VarCharValue":""},{"VarCharValue":"x"}]`, `[{},{}]`}}
		rows, err := query(t.Context(), f)
		require.NoError(t, err)
		text := func(s string) sql.NullString { return sql.NullString{String: s, Valid: true} }
		require.Equal(t, [][]sql.NullString{{text("1"), {}}, {text("a"), text("b")}, {text(""), text("x")}, {{}, {}}}, rows, "a row may be as the names are")
		require.Equal(t, "SELECTwmap[Database:shop_dev]", f.calls[1])
		require.GreaterOrEqual(t, len(f.tokens[0]), 32, "Athena takes no shorter token")
		_, _ = query(t.Context(), f)
		require.NotEqual(t, f.tokens[0], f.tokens[1])
	})
}

func TestAnEmptyAnswerHasTheNamesAlone(t *testing.T) {
	rows, err := query(t.Context(), &api{states: []string{"SUCCEEDED"}, rows: []string{names}})
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestAQueryThatFailsSaysWhy(t *testing.T) {
	for _, state := range []string{"FAILED", "CANCELLED"} {
		_, err := query(t.Context(), &api{states: []string{state}})
		require.ErrorContains(t, err, "no such column")
	}
	for _, action := range []string{"StartQueryExecution", "GetQueryExecution", "GetQueryResults"} {
		_, err := query(t.Context(), &api{states: []string{"SUCCEEDED"}, fail: action})
		require.True(t, awsapi.Denied(err), action)
	}
	_, err := query(t.Context(), &api{states: []string{"SUCCEEDED"}, rows: []string{`[{}]`}})
	require.ErrorContains(t, err, "1 values for 2 columns")
	refused := errors.New("enough")
	err = Database{API: &api{states: []string{"SUCCEEDED"}, rows: []string{`[{},{}]`}}}.Query(t.Context(), "SELECT", func([]sql.NullString) error { return refused })
	require.Equal(t, refused, err)
}

func TestAQueryThatNobodyWaitsForIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		f := &api{states: []string{"RUNNING"}}
		_, err := query(ctx, f)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, "StopQueryExecution", f.calls[len(f.calls)-1])
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = query(ctx, &api{states: []string{"RUNNING"}, fail: "StopQueryExecution"})
		require.ErrorContains(t, err, "the query q-1 goes on")
	})
}
