package lambda

import (
	"cdcpipeline/rehearsal/standins/account"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/require"
)

func TestWhatWasWrittenBeforeTheMappingIsDeliveredInTheFormOfLambda(t *testing.T) {
	s := newScene(t, 1)
	s.put("before")
	var mu sync.Mutex
	var read []string
	s.OnRead(func(records [][]byte) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range records {
			read = append(read, string(r))
		}
	})
	uuid := s.connect(nil)
	s.put("after")
	s.drained()
	require.Equal(t, []string{"before", "after"}, s.data())
	mu.Lock()
	require.Equal(t, s.data(), read)
	mu.Unlock()
	var event map[string][]map[string]any
	require.NoError(t, json.Unmarshal(s.raw[0], &event))
	record := event["Records"][0]
	body, ok := record["kinesis"].(map[string]any)
	require.True(t, ok)
	delete(record, "kinesis")
	require.InDelta(t, time.Now().Unix(), body["approximateArrivalTimestamp"], 60)
	number := s.seen()[0].numbers[0]
	delete(body, "approximateArrivalTimestamp")
	require.Equal(t, map[string]any{"kinesisSchemaVersion": "1.0", "partitionKey": "k", "sequenceNumber": number, "data": "YmVmb3Jl"}, body)
	require.Equal(t, map[string]any{
		"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "shardId-000000000000:" + number, "eventName": "aws:kinesis:record",
		"invokeIdentityArn": s.role, "awsRegion": "us-east-1", "eventSourceARN": s.consumer,
	}, record)
	stats := s.Stats()[uuid]
	require.Positive(t, stats.IteratorAge)
	require.True(t, stats.Enabled && stats.FanOut)
	require.Equal(t, []any{s.name, s.stream, int64(2), int64(2)}, []any{stats.Function, stats.Stream, stats.Records, stats.Delivered})
}

func TestABatchHasItsAgeWhileItIsWorkedOff(t *testing.T) {
	s := newScene(t, 1)
	ages, uuid := make(chan time.Duration, 1), ""
	s.answer = func(batch) (Result, error) {
		time.Sleep(50 * time.Millisecond)
		for id := range s.Stats() {
			ages <- s.Stats()[id].Working
		}
		return Result{}, nil
	}
	uuid = s.connect(nil)
	s.put("1")
	require.GreaterOrEqual(t, <-ages, 50*time.Millisecond)
	s.drained()
	require.Eventually(t, func() bool { return s.Stats()[uuid].Working == 0 }, patience, 10*time.Millisecond)
}

func TestLatestBeginsWithWhatIsWrittenAfterwards(t *testing.T) {
	s := newScene(t, 1)
	s.put("before")
	s.connect(func(in *lambda.CreateEventSourceMappingInput) { in.StartingPosition = types.EventSourcePositionLatest })
	s.drained()
	s.put("after")
	s.drained()
	require.Equal(t, []string{"after"}, s.data())
}

func TestBatchesAreBoundedBySizeAndWaitForTheirWindow(t *testing.T) {
	s := newScene(t, 1)
	s.put("1", "2", "3", "4", "5", "6", "7")
	s.connect(func(in *lambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.MaximumBatchingWindowInSeconds = aws.Int32(3), aws.Int32(2)
	})
	require.Eventually(t, func() bool { return len(s.seen()) == 2 }, patience, 10*time.Millisecond)
	s.put("8")
	s.drained()
	require.Len(t, s.seen(), 3)
	require.Equal(t, []string{"7", "8"}, s.seen()[2].data)
}

func TestABatchEndsBeforeItsPayloadIsTooLarge(t *testing.T) {
	s := newScene(t, 1)
	large := strings.Repeat("x", 900_000)
	s.put(large, large, large, large, large, large, large)
	s.connect(nil)
	s.drained()
	for _, payload := range s.raw {
		require.LessOrEqual(t, len(payload), 6<<20)
	}
	require.Len(t, s.data(), 7)
	require.Greater(t, len(s.seen()), 1)
}

func TestADisabledMappingKeepsItsPlaceAndADeletedOneReadsNothing(t *testing.T) {
	s := newScene(t, 2)
	s.put("a:1", "b:1", "c:1")
	uuid := s.connect(nil)
	s.drained()
	enable := func(on bool) {
		_, err := s.lambda.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: &uuid, Enabled: &on})
		require.NoError(t, err)
	}
	enable(false)
	require.False(t, s.Stats()[uuid].Enabled)
	s.put("a:2", "b:2")
	time.Sleep(3 * fanOutPoll)
	require.ElementsMatch(t, []string{"a:1", "b:1", "c:1"}, s.data())
	enable(true)
	s.drained()
	require.ElementsMatch(t, []string{"a:1", "b:1", "c:1", "a:2", "b:2"}, s.data())
	_, err := s.lambda.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: &uuid})
	require.NoError(t, err)
	s.put("a:3")
	time.Sleep(3 * fanOutPoll)
	require.Len(t, s.data(), 5)
	require.Empty(t, s.Stats())
}

func TestMappingsThatAreNotUnderstoodAreRefused(t *testing.T) {
	s := newScene(t, 1)
	for want, change := range map[string]func(*lambda.CreateEventSourceMappingInput){
		"not at AT_TIMESTAMP": func(in *lambda.CreateEventSourceMappingInput) {
			in.StartingPosition, in.StartingPositionTimestamp = types.EventSourcePositionAtTimestamp, aws.Time(time.Now())
		},
		"only S3 gets the whole record": func(in *lambda.CreateEventSourceMappingInput) {
			in.DestinationConfig.OnFailure.Destination = aws.String("arn:aws:sqs:us-east-1:123456789012:q")
		},
		"no tumbling windows": func(in *lambda.CreateEventSourceMappingInput) { in.TumblingWindowInSeconds = aws.Int32(5) },
	} {
		in := &lambda.CreateEventSourceMappingInput{
			FunctionName: &s.name, EventSourceArn: &s.stream, StartingPosition: types.EventSourcePositionTrimHorizon,
			DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:s3:::b")}},
		}
		change(in)
		_, err := s.lambda.CreateEventSourceMapping(t.Context(), in)
		require.ErrorContains(t, err, want)
	}
	_, err := s.lambda.CreateEventSourceMapping(t.Context(), &lambda.CreateEventSourceMappingInput{
		FunctionName: &s.name, EventSourceArn: aws.String(s.consumer + "-other"), StartingPosition: types.EventSourcePositionTrimHorizon,
	})
	require.ErrorContains(t, err, "not found")
}

// The uploaded zip receives the stream's records, in as many processes as there are concurrent calls.
func TestAMappingCallsTheUploadedFunction(t *testing.T) {
	s := newScene(t, 2)
	_, err := s.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: &s.name})
	require.NoError(t, err)
	runner, err := New(account.New(s.endpoint), s.proxy, Options{LogDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, runner.Close()) })
	s.invoker = runner
	s.upload(code(t, "1"))
	var mu sync.Mutex
	pids := map[int]bool{}
	runner.OnResult(func(_ string, payload []byte) {
		var got reply
		_ = json.Unmarshal(payload, &got)
		mu.Lock()
		defer mu.Unlock()
		pids[got.PID] = true
	})
	for i := range 40 {
		s.put(fmt.Sprintf("key%d:1", i))
	}
	uuid := s.connect(func(in *lambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(5) })
	s.drained()
	require.Equal(t, int64(40), s.Stats()[uuid].Delivered)
	require.Len(t, pids, 2, "one for each shard")
}
