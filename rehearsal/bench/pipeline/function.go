package pipeline

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lambdabuild"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/machine/process"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/lambda"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// function compiles the deployed program.
func (b *bench) function(ctx context.Context) (string, error) {
	arch := map[string]config.Architecture{"amd64": config.X8664, "arm64": config.ARM64}[runtime.GOARCH]
	zip, err := lambdabuild.Build(ctx, b.project, "currentstate", arch)
	if err != nil {
		return "", err //nolint:wrapcheck // it names the function
	}
	dir := filepath.Join(b.site.Dir, "function")
	if err := artifact.Unzip(zip, "", dir); err != nil {
		return "", err //nolint:wrapcheck // it names the zip
	}
	return filepath.Join(dir, "bootstrap"), nil
}

// fleet is the function with one process for each concurrent call.
type fleet struct {
	*bench
	processes []*lambda.Direct
}

// fleet starts new processes. Their registry is in a separate bucket.
func (b *bench) fleet(ctx context.Context, calls int, tables ...table.Name) (*fleet, error) {
	b.made++
	bucket := fmt.Sprintf("bench-%d", b.made)
	acc := account.New(b.aws.URL)
	client := s3.NewFromConfig(acc.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		return nil, fmt.Errorf("making the function's bucket: %w", err)
	}
	settings := currentstate.Settings{Endpoint: b.endpoint, Bucket: bucket, Prefix: "parked/", Shards: 1}
	for _, n := range tables {
		settings.Tables = append(settings.Tables, described(n))
	}
	variables, err := settings.Variables()
	if err != nil {
		return nil, err //nolint:wrapcheck // it names what it writes
	}
	env := []string{
		"AWS_REGION=" + account.Region, "AWS_ACCESS_KEY_ID=" + account.Key, "AWS_SECRET_ACCESS_KEY=" + account.Key, "AWS_ENDPOINT_URL=" + acc.Endpoint(),
		"AWS_LAMBDA_FUNCTION_NAME=current", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(defaults.MemoryMb), "SSL_CERT_FILE=" + b.site.Authority.File(),
	}
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	f := &fleet{bench: b}
	for n := range calls {
		one, err := lambda.StartDirect(ctx, process.Command{
			Name: "the function", Path: b.program, Dir: filepath.Dir(b.program), Env: env, Log: filepath.Join(b.site.Dir, fmt.Sprintf("function-%d-%d.log", b.made, n)),
		}, time.Duration(defaults.TimeoutSeconds)*time.Second)
		if err != nil {
			f.stop()
			return nil, err //nolint:wrapcheck // it names the function
		}
		f.processes = append(f.processes, one)
	}
	return f, nil
}

func (f *fleet) stop() {
	for _, one := range f.processes {
		one.Stop()
	}
}

// used returns the processor time of all processes, and the memory of the largest one.
func (f *fleet) used() (used time.Duration, most int64) {
	for _, one := range f.processes {
		time, memory := family.Of(one.PID())
		used, most = used+time, max(most, memory)
	}
	return used, most
}

// call sends a batch to one process. The process must settle the whole batch.
func (f *fleet) call(ctx context.Context, which int, records [][]byte) error {
	payload, err := event(records)
	if err != nil {
		return err
	}
	result, err := f.processes[which].Invoke(ctx, payload)
	if err != nil {
		return err //nolint:wrapcheck // it says what it waited for
	}
	var answer events.KinesisEventResponse
	if err := json.Unmarshal(result.Payload, &answer); err != nil || result.FunctionError != "" {
		return errors.Join(fmt.Errorf("the function answered %.1000s", result.Payload), err)
	}
	if len(answer.BatchItemFailures) > 0 {
		return fmt.Errorf("the function did not finish a batch; it logged:\n%s", process.Tail(f.logOf(which)))
	}
	return nil
}

func (f *fleet) logOf(which int) string {
	return filepath.Join(f.site.Dir, fmt.Sprintf("function-%d-%d.log", f.made, which))
}

// event encodes a batch in Lambda's form: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html.
func event(records [][]byte) ([]byte, error) {
	var e events.KinesisEvent
	now := events.SecondsEpochTime{Time: time.Now()}
	for i, data := range records {
		e.Records = append(e.Records, events.KinesisEventRecord{
			AwsRegion: account.Region, EventID: "shardId-000000000000:" + strconv.Itoa(i), EventName: "aws:kinesis:record", EventSource: "aws:kinesis", EventVersion: "1.0",
			EventSourceArn: "arn:aws:kinesis:" + account.Region + ":" + account.ID + ":stream/bench", InvokeIdentityArn: "arn:aws:iam::" + account.ID + ":role/bench",
			Kinesis: events.KinesisRecord{ApproximateArrivalTimestamp: now, Data: data, PartitionKey: "bench", SequenceNumber: strconv.Itoa(i), KinesisSchemaVersion: "1.0"},
		})
	}
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("writing the event: %w", err)
	}
	return text, nil
}
