package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/require"
)

func TestReportedRecordsAreTriedAgainFromTheFirst(t *testing.T) {
	s := newScene(t, 1)
	first := true
	s.answer = func(b batch) (Result, error) {
		if !first {
			return Result{Payload: []byte("null")}, nil
		}
		first = false
		return Result{Payload: fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q},{"itemIdentifier":%q},{"itemIdentifier":%q}]}`,
			b.numbers[3], b.numbers[1], b.numbers[2])}, nil
	}
	s.put("1", "2", "3", "4")
	uuid := s.connect(nil)
	s.drained()
	require.Equal(t, []string{"1", "2", "3", "4"}, s.seen()[0].data)
	require.Equal(t, []string{"2", "3", "4"}, s.seen()[1].data)
	require.Equal(t, int64(1), s.Stats()[uuid].PartialFailures)
	require.Equal(t, int64(4), s.Stats()[uuid].Delivered)
}

func TestAReportCountsOnlyWhenItIsAskedFor(t *testing.T) {
	s := newScene(t, 1)
	s.answer = func(b batch) (Result, error) {
		return Result{Payload: fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q}]}`, b.numbers[0])}, nil
	}
	s.put("1")
	s.connect(func(in *lambda.CreateEventSourceMappingInput) { in.FunctionResponseTypes = nil })
	s.drained()
	require.Len(t, s.seen(), 1)
}

func TestABatchIsHalvedUntilTheRecordToBlameIsParkedWhole(t *testing.T) {
	s := newScene(t, 1)
	s.answer = poisoned
	s.put("1", "2", "poison", "4", "5")
	uuid := s.connect(func(in *lambda.CreateEventSourceMappingInput) {
		in.BisectBatchOnFunctionError, in.MaximumRetryAttempts = aws.Bool(true), aws.Int32(1)
	})
	s.drained()
	stats := s.Stats()[uuid]
	require.Equal(t, []int64{4, 1, 0}, []int64{stats.Delivered, stats.Parked, stats.Lost})
	require.Positive(t, stats.Bisected)
	require.Equal(t, int64(1), stats.Retries, "splitting uses up no attempt")
	parked := s.parked()
	require.Len(t, parked, 1)
	for key, text := range parked {
		now := time.Now().UTC()
		require.Regexp(t, `^aws/lambda/`+uuid+`/shardId-000000000000/`+now.Format("2006/01/02")+`/`+now.Format("2006-01-02")+`T\d\d\.\d\d\.\d\d-[0-9a-f-]{36}$`, key)
		var kept struct {
			Version          string
			RequestContext   map[string]any
			KinesisBatchInfo map[string]any
			Payload          string
		}
		require.NoError(t, json.Unmarshal([]byte(text), &kept))
		require.Equal(t, "RetryAttemptsExhausted", kept.RequestContext["condition"])
		require.InDelta(t, 2, kept.RequestContext["approximateInvokeCount"], 0)
		require.Equal(t, s.stream, kept.KinesisBatchInfo["streamArn"])
		var event events.KinesisEvent
		require.NoError(t, json.Unmarshal([]byte(kept.Payload), &event))
		require.Len(t, event.Records, 1)
		require.Equal(t, "poison", string(event.Records[0].Kinesis.Data))
		require.Equal(t, event.Records[0].Kinesis.SequenceNumber, kept.KinesisBatchInfo["startSequenceNumber"])
	}
}

func TestRecordsThatBecomeTooOldAreParked(t *testing.T) {
	s := newScene(t, 1)
	s.answer = func(batch) (Result, error) { return failed, nil }
	s.put("1", "2")
	uuid := s.connect(func(in *lambda.CreateEventSourceMappingInput) { in.MaximumRecordAgeInSeconds = aws.Int32(2) })
	s.drained()
	require.Equal(t, int64(2), s.Stats()[uuid].Parked)
	for _, text := range s.parked() {
		require.Contains(t, text, "RecordAgeExceeded")
	}
}

func TestWhatCannotBeParkedIsCountedAsLost(t *testing.T) {
	s := newScene(t, 1)
	s.answer = poisoned
	s.put("poison", "2")
	uuid := s.connect(func(in *lambda.CreateEventSourceMappingInput) {
		in.DestinationConfig, in.MaximumRetryAttempts, in.BatchSize = nil, aws.Int32(0), aws.Int32(1)
	})
	s.drained()
	require.Equal(t, []int64{1, 1}, []int64{s.Stats()[uuid].Lost, s.Stats()[uuid].Delivered})
}

func TestAFunctionThatCannotBeCalledIsCalledLater(t *testing.T) {
	s := newScene(t, 1)
	calls := 0
	s.answer = func(batch) (Result, error) {
		if calls++; calls < 3 {
			return Result{}, errors.New("throttled")
		}
		return Result{}, nil
	}
	s.put("1")
	uuid := s.connect(nil)
	s.drained()
	require.Equal(t, []int64{3, 1, 0}, []int64{s.Stats()[uuid].Calls, s.Stats()[uuid].Delivered, s.Stats()[uuid].Failures})
}

func TestACallThatIsThrottledIsNoAttempt(t *testing.T) {
	s := newScene(t, 1)
	calls := 0
	s.answer = func(batch) (Result, error) {
		if calls++; calls < 3 {
			return Result{}, fmt.Errorf("invoking it: %w", ErrThrottled)
		}
		return Result{}, nil
	}
	s.put("1", "2")
	uuid := s.connect(func(in *lambda.CreateEventSourceMappingInput) { in.MaximumRetryAttempts = aws.Int32(0) })
	s.drained()
	now := s.Stats()[uuid]
	require.Equal(t, []int64{3, 2, 0, 0}, []int64{now.Calls, now.Delivered, now.Parked + now.Lost, now.Bisected})
}

func TestAnswersAreReadAsLambdaDoes(t *testing.T) {
	for answer, want := range map[string]struct {
		numbers    []string
		understood bool
	}{
		``: {nil, true}, `null`: {nil, true}, `{}`: {nil, true}, `{"batchItemFailures":null}`: {nil, true}, `{"batchItemFailures":[]}`: {nil, true},
		`{"batchItemFailures":[{"itemIdentifier":"7"}]}`: {[]string{"7"}, true},
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:  {nil, false}, `{"batchItemFailures":[{"itemIdentifier":null}]}`: {nil, false},
		`{"batchItemFailures":[{"wrong":"7"}]}`: {nil, false}, `{`: {nil, false}, `"text"`: {nil, false},
	} {
		numbers, understood := failedItems([]byte(answer))
		require.Equal(t, want.numbers, numbers, answer)
		require.Equal(t, want.understood, understood, answer)
	}
}
