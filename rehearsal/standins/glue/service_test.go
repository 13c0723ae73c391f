//go:build spark

package glue

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/lake/tables"
	operator "cdcpipeline/internal/operator/tables"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores/storestest"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/stretchr/testify/require"
)

// The script and the zip from `pulumi up` run when they are started like `cdc tables run`.
func TestAJobRunsWhatAStackUploads(t *testing.T) {
	l, m, s := newLake(t, "iceberg"), newModel(t), newSource(3)
	target, err := url.Parse(storestest.Moto(t))
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	acc := account.New(server.URL)
	service := New(acc, storestest.Site(t), slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(service.Close)
	service.Attach(proxy)

	zip, err := tables.Zip()
	require.NoError(t, err)
	l.put("jobs/tables/main.py", []byte(tables.Script()))
	l.put("jobs/tables/code.zip", zip)
	at := func(key string) string { return "s3://" + l.bucket + "/" + key }
	_, err = glue.NewFromConfig(acc.Config()).CreateJob(t.Context(), &glue.CreateJobInput{
		Name: &l.name, Role: aws.String("arn:aws:iam::123456789012:role/r"), GlueVersion: aws.String("5.1"),
		Command:           &types.JobCommand{Name: aws.String("glueetl"), ScriptLocation: aws.String(at("jobs/tables/main.py"))},
		DefaultArguments:  map[string]string{"--spec": at(specKey), "--extra-py-files": at("jobs/tables/code.zip"), "--datalake-formats": "iceberg", "--job-bookmark-option": "job-bookmark-disable"},
		ExecutionProperty: &types.ExecutionProperty{MaxConcurrentRuns: 1},
	})
	require.NoError(t, err)
	job := operator.Job{Glue: awsapi.New(acc.Config(), awsapi.Glue), Name: l.name, Pause: time.Second}

	history := append(s.load(5), s.change(20)...)
	m.apply(history...)
	l.deliver(s.shuffled(history, 2)...)
	first := make(chan error, 1)
	go func() {
		_, err := job.Start(t.Context(), operator.Update)
		first <- err
	}()
	require.Eventually(t, func() bool { _, ok, err := job.Latest(t.Context()); return err == nil && ok }, time.Minute, 50*time.Millisecond)
	run, err := job.Start(t.Context(), operator.Update, tableName) // waits for the first
	require.NoError(t, err)
	require.NoError(t, <-first)
	require.Equal(t, "SUCCEEDED", run.State)
	l.equal(m, all...)
	state := l.asOperator()
	state.Prefix = tables.State
	notes, err := operator.Notes(t.Context(), state)
	require.NoError(t, err)
	require.Len(t, notes, 1)
	want, _ := m.texts(all...)
	require.EqualValues(t, len(want), notes[0].Rows)
	require.NotNil(t, notes[0].Until)

	_, err = job.Start(t.Context(), operator.Update, "no_such_table")
	require.ErrorContains(t, err, "there is no table no_such_table: the tables are "+tableName)
	job.Name = "nobody"
	_, err = job.Start(t.Context(), operator.Update)
	require.ErrorContains(t, err, "Job nobody not found")
}
