package athena

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// canned answers every statement with 1500 rows, except that it refuses one and is slow with another.
type canned struct{ asked []string }

func (c *canned) Name() string { return "canned" }
func (c *canned) Close()       {}

func (c *canned) Query(ctx context.Context, sql string) (Answer, error) {
	c.asked = append(c.asked, sql)
	switch sql {
	case "SELECT refused":
		return Answer{}, errors.New("COLUMN_NOT_FOUND: refused")
	case "SELECT long":
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}
	a := Answer{Columns: []Column{{"n", "bigint"}, {"quoted", "varchar"}}}
	for i := range 1500 {
		a.Rows = append(a.Rows, []any{json.Number(fmt.Sprint(i)), `a "b"`})
	}
	a.Rows[3][1] = nil
	return a, nil
}

func TestStatementsAreRunAsAthenaRunsThem(t *testing.T) {
	target, err := url.Parse(storestest.Moto(t))
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	acc := account.New(server.URL)
	service := NewService(acc)
	service.Attach(proxy)
	t.Cleanup(service.Close)
	engine := &canned{}
	var over string
	service.Use(func(database string) Engine { over = database; return engine })
	ctx, client, group, bucket := t.Context(), athena.NewFromConfig(acc.Config()), aws.String("service"), aws.String(fmt.Sprintf("answers-%d", time.Now().UnixNano()))
	files := s3.NewFromConfig(acc.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	_, err = files.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	require.NoError(t, err)
	_, err = client.CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{Name: group, Configuration: &types.WorkGroupConfiguration{
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://" + *bucket + "/results/")},
	}})
	require.NoError(t, err)
	start := func(sql string, parameters ...string) *string {
		started, err := client.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
			QueryString: &sql, WorkGroup: group, QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("lake")}, ExecutionParameters: parameters,
		})
		require.NoError(t, err)
		return started.QueryExecutionId
	}
	state := func(id *string) *types.QueryExecutionStatus {
		out, err := client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: id})
		require.NoError(t, err)
		return out.QueryExecution.Status
	}
	ends := func(id *string, want types.QueryExecutionState) {
		require.Eventually(t, func() bool { return state(id).State == want }, 20*time.Second, 10*time.Millisecond)
	}

	id := start("SELECT * FROM t WHERE a = ? AND b = '?'", "'x'")
	ends(id, types.QueryExecutionStateSucceeded)
	require.Equal(t, "lake", over)
	require.Equal(t, []string{"SELECT * FROM t WHERE a = 'x' AND b = '?'"}, engine.asked)
	first, err := client.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: id})
	require.NoError(t, err)
	require.Len(t, first.ResultSet.Rows, 1000)
	require.Equal(t, "quoted", *first.ResultSet.Rows[0].Data[1].VarCharValue, "the names of the columns")
	require.Nil(t, first.ResultSet.Rows[4].Data[1].VarCharValue, "NULL")
	second, err := client.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: id, NextToken: first.NextToken})
	require.NoError(t, err)
	require.Len(t, second.ResultSet.Rows, 501)
	require.Equal(t, "1499", *second.ResultSet.Rows[500].Data[0].VarCharValue)
	require.Nil(t, second.NextToken)
	answer, err := files.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("results/" + *id + ".csv")})
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "\"n\",\"quoted\"\n\"0\",\"a \"\"b\"\"\"\n")
	require.Contains(t, string(text), "\n\"3\",\n")

	id = start("SELECT refused")
	ends(id, types.QueryExecutionStateFailed)
	require.Equal(t, "COLUMN_NOT_FOUND: refused", *state(id).StateChangeReason)
	_, err = client.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: id})
	require.ErrorContains(t, err, "Query has not yet finished. Current state: FAILED")

	id = start("SELECT long")
	_, err = client.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: id})
	require.NoError(t, err)
	ends(id, types.QueryExecutionStateCancelled)
}
