package glue

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/stretchr/testify/require"
)

// After a stack's update, the API returns the changed jobs and triggers:
// https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateJob.html, …/API_UpdateTrigger.html.
func TestJobsAndTriggersAreChanged(t *testing.T) {
	client := glue.NewFromConfig(account.New(storestest.Moto(t)).Config())
	name := aws.String("changed")
	command := &types.JobCommand{Name: aws.String("glueetl"), ScriptLocation: aws.String("s3://b/one.py")}
	_, err := client.CreateJob(t.Context(), &glue.CreateJobInput{Name: name, Role: aws.String("r"), Command: command, GlueVersion: aws.String("5.1"), DefaultArguments: map[string]string{"--spec": "one"}})
	require.NoError(t, err)
	updated, err := client.UpdateJob(t.Context(), &glue.UpdateJobInput{JobName: name, JobUpdate: &types.JobUpdate{
		Command: &types.JobCommand{Name: aws.String("glueetl"), ScriptLocation: aws.String("s3://b/two.py")}, DefaultArguments: map[string]string{"--spec": "two"}, NumberOfWorkers: aws.Int32(4), WorkerType: types.WorkerTypeG1x,
	}})
	require.NoError(t, err)
	require.Equal(t, name, updated.JobName)
	got, err := client.GetJob(t.Context(), &glue.GetJobInput{JobName: name})
	require.NoError(t, err)
	require.Equal(t, "s3://b/two.py", *got.Job.Command.ScriptLocation)
	require.Equal(t, map[string]string{"--spec": "two"}, got.Job.DefaultArguments)
	require.EqualValues(t, 4, *got.Job.NumberOfWorkers)
	require.Equal(t, "5.1", *got.Job.GlueVersion)

	_, err = client.CreateTrigger(t.Context(), &glue.CreateTriggerInput{Name: name, Type: types.TriggerTypeScheduled, Schedule: aws.String("cron(0 * * * ? *)"), Actions: []types.Action{{JobName: name}}})
	require.NoError(t, err)
	_, err = client.UpdateTrigger(t.Context(), &glue.UpdateTriggerInput{Name: name, TriggerUpdate: &types.TriggerUpdate{Schedule: aws.String("cron(0/15 * * * ? *)")}})
	require.NoError(t, err)
	trigger, err := client.GetTrigger(t.Context(), &glue.GetTriggerInput{Name: name})
	require.NoError(t, err)
	require.Equal(t, "cron(0/15 * * * ? *)", *trigger.Trigger.Schedule)
	_, err = client.UpdateJob(t.Context(), &glue.UpdateJobInput{JobName: aws.String("nobody"), JobUpdate: &types.JobUpdate{}})
	require.ErrorContains(t, err, "EntityNotFoundException")
}
