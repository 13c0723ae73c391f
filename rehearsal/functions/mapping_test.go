package functions

import (
	"cdcpipeline/rehearsal/account"
	"cdcpipeline/rehearsal/controlplane"
	"cdcpipeline/rehearsal/servers"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// scene is an account with a stream, a consumer of it, a bucket and a function, whose answers the test gives.
type scene struct {
	*Mappings

	t                      *testing.T
	name                   string // of stream, bucket, role and function
	role, stream, consumer string // ARNs
	proxy                  *controlplane.Proxy
	endpoint               string
	kinesis                *kinesis.Client
	s3                     *s3.Client

	mu      sync.Mutex
	batches []batch
	raw     [][]byte
	answer  func(b batch) (Result, error)
}

// batch is what one call brought.
type batch struct {
	shard         string
	data, numbers []string
}

func newScene(t *testing.T, shardCount int32) *scene {
	t.Helper()
	target, err := url.Parse(servers.Moto(t))
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := &scene{t: t, name: strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")), proxy: controlplane.New(target, log)}
	s.name = s.name[max(0, len(s.name)-60):]
	s.name = strings.TrimLeft(s.name, "-")
	front := httptest.NewServer(s.proxy)
	t.Cleanup(front.Close)
	s.endpoint = front.URL
	acct := account.New(front.URL)
	s.Mappings = NewMappings(acct, s, log)
	t.Cleanup(s.Close)
	s.Attach(s.proxy)
	s.kinesis = kinesis.NewFromConfig(acct.Config())
	s.s3 = s3.NewFromConfig(acct.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	role, err := iam.NewFromConfig(acct.Config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &s.name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	require.NoError(t, err)
	s.role = *role.Role.Arn
	_, err = s.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &s.name, ShardCount: &shardCount})
	require.NoError(t, err)
	s.stream = "arn:aws:kinesis:us-east-1:123456789012:stream/" + s.name
	consumer, err := s.kinesis.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: &s.stream, ConsumerName: aws.String("reader")})
	require.NoError(t, err)
	s.consumer = *consumer.Consumer.ConsumerARN
	_, err = s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &s.name})
	require.NoError(t, err)
	s.upload([]byte("zip"))
	return s
}

func (s *scene) upload(code []byte) {
	s.t.Helper()
	_, err := s.lambda.CreateFunction(s.t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &s.name, Role: &s.role, Handler: aws.String("bootstrap"), Runtime: types.RuntimeProvidedal2023,
		Timeout: aws.Int32(30), Code: &types.FunctionCode{ZipFile: code},
	})
	require.NoError(s.t, err)
}

// Invoke plays the function.
func (s *scene) Invoke(_ context.Context, _ string, payload []byte) (Result, error) {
	var event events.KinesisEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return Result{}, err
	}
	b := batch{}
	for _, r := range event.Records {
		b.shard, _, _ = strings.Cut(r.EventID, ":")
		b.data, b.numbers = append(b.data, string(r.Kinesis.Data)), append(b.numbers, r.Kinesis.SequenceNumber)
	}
	s.mu.Lock()
	s.batches, s.raw = append(s.batches, b), append(s.raw, payload)
	answer := s.answer
	s.mu.Unlock()
	if answer == nil {
		return Result{Payload: []byte(`{"batchItemFailures":[]}`)}, nil
	}
	return answer(b)
}

var failed = Result{Payload: []byte(`{"errorMessage":"no"}`), FunctionError: "Unhandled"}

// poisoned fails as a whole as long as there is poison in a batch.
func poisoned(b batch) (Result, error) {
	if slices.Contains(b.data, "poison") {
		return failed, nil
	}
	return Result{}, nil
}

// put writes records of one partition key each: the text before a colon, or "k".
func (s *scene) put(data ...string) {
	s.t.Helper()
	for _, one := range data {
		key, _, found := strings.Cut(one, ":")
		if !found {
			key = "k"
		}
		_, err := s.kinesis.PutRecord(s.t.Context(), &kinesis.PutRecordInput{StreamName: &s.name, PartitionKey: &key, Data: []byte(one)})
		require.NoError(s.t, err)
	}
}

// connect makes a mapping of the consumer, so that the stream is read often.
func (s *scene) connect(change func(*lambda.CreateEventSourceMappingInput)) string {
	s.t.Helper()
	in := &lambda.CreateEventSourceMappingInput{
		FunctionName: &s.name, EventSourceArn: &s.consumer, StartingPosition: types.EventSourcePositionTrimHorizon,
		FunctionResponseTypes: []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
		DestinationConfig:     &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:s3:::" + s.name)}},
	}
	if change != nil {
		change(in)
	}
	out, err := s.lambda.CreateEventSourceMapping(s.t.Context(), in)
	require.NoError(s.t, err)
	return *out.UUID
}

func (s *scene) drained() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	require.NoError(s.t, s.Drain(ctx))
}

func (s *scene) seen() []batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.batches)
}

func (s *scene) data() []string {
	var all []string
	for _, b := range s.seen() {
		all = append(all, b.data...)
	}
	return all
}

// parked are the objects in the bucket.
func (s *scene) parked() map[string]string {
	s.t.Helper()
	listed, err := s.s3.ListObjectsV2(s.t.Context(), &s3.ListObjectsV2Input{Bucket: &s.name})
	require.NoError(s.t, err)
	all := map[string]string{}
	for _, o := range listed.Contents {
		out, err := s.s3.GetObject(s.t.Context(), &s3.GetObjectInput{Bucket: &s.name, Key: o.Key})
		require.NoError(s.t, err)
		text, err := io.ReadAll(out.Body)
		require.NoError(s.t, err)
		all[*o.Key] = string(text)
	}
	return all
}

func TestWhatWasWrittenBeforeTheMappingIsDeliveredInTheFormOfLambda(t *testing.T) {
	s := newScene(t, 1)
	s.put("before")
	uuid := s.connect(nil)
	s.put("after")
	s.drained()
	require.Equal(t, []string{"before", "after"}, s.data())
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

func TestReportedRecordsAreTriedAgainFromTheFirst(t *testing.T) {
	s := newScene(t, 1)
	once := sync.OnceValue(func() bool { return true })
	first := true
	s.answer = func(b batch) (Result, error) {
		if !first {
			return Result{Payload: []byte("null")}, nil
		}
		first = !once()
		return Result{Payload: fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q},{"itemIdentifier":%q}]}`, b.numbers[3], b.numbers[1])}, nil
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

// Calls of one shard overlap, and the records of a key stay in order all the same.
func TestKeysStayInOrderInParallel(t *testing.T) {
	s := newScene(t, 1)
	var mu sync.Mutex
	working, most := 0, 0
	order := map[string][]string{}
	s.answer = func(b batch) (Result, error) {
		mu.Lock()
		working++
		most = max(most, working)
		mu.Unlock()
		time.Sleep(30 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		working--
		for _, one := range b.data {
			key, _, _ := strings.Cut(one, ":")
			order[key] = append(order[key], one)
		}
		return Result{}, nil
	}
	want := map[string][]string{}
	var entries []kinesistypes.PutRecordsRequestEntry
	for i := range 200 {
		key := fmt.Sprint("key", i%10)
		one := fmt.Sprintf("%s:%03d", key, i)
		want[key] = append(want[key], one)
		entries = append(entries, kinesistypes.PutRecordsRequestEntry{PartitionKey: &key, Data: []byte(one)})
	}
	_, err := s.kinesis.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: &s.name, Records: entries})
	require.NoError(t, err)
	s.connect(func(in *lambda.CreateEventSourceMappingInput) {
		in.ParallelizationFactor, in.BatchSize = aws.Int32(4), aws.Int32(10)
	})
	s.drained()
	require.Equal(t, want, order)
	require.Greater(t, most, 1)
	require.LessOrEqual(t, most, 4)
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

// split is a stream of one shard that was split: its records, and those of its two children.
type split struct{ records map[string][]string }

func (s split) ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	parent := aws.String("parent")
	return &kinesis.ListShardsOutput{Shards: []kinesistypes.Shard{{ShardId: parent}, {ShardId: aws.String("left"), ParentShardId: parent}, {ShardId: aws.String("right"), ParentShardId: parent}}}, nil
}

func (s split) GetShardIterator(_ context.Context, in *kinesis.GetShardIteratorInput, _ ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error) {
	return &kinesis.GetShardIteratorOutput{ShardIterator: in.ShardId}, nil
}

func (s split) GetRecords(_ context.Context, in *kinesis.GetRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	out := &kinesis.GetRecordsOutput{}
	shard, end, _ := strings.Cut(*in.ShardIterator, "/")
	if end == "" {
		for i, one := range s.records[shard] {
			out.Records = append(out.Records, kinesistypes.Record{
				Data: []byte(one), PartitionKey: aws.String("k"), SequenceNumber: aws.String(fmt.Sprint(i + 1)), ApproximateArrivalTimestamp: aws.Time(time.Now()),
			})
		}
	}
	if shard != "parent" {
		out.NextShardIterator = aws.String(shard + "/end")
	}
	return out, nil
}

func TestASplitShardIsDoneWithBeforeItsChildrenAreRead(t *testing.T) {
	s := &scene{t: t}
	s.Mappings = NewMappings(account.New("http://127.0.0.1:1"), s, slog.New(slog.DiscardHandler))
	t.Cleanup(s.Close)
	parentFails := 2
	s.answer = func(b batch) (Result, error) {
		if b.shard == "parent" && parentFails > 0 {
			parentFails--
			return failed, nil
		}
		return Result{}, nil
	}
	one := newMapping(s.Mappings, "uuid")
	one.stream = split{map[string][]string{"parent": {"1", "2"}, "left": {"3"}, "right": {"4"}}}
	require.NoError(t, one.start(&mappingSettings{
		function: "f", source: "arn:aws:kinesis:us-east-1:1:stream/s", enabled: true, from: kinesistypes.ShardIteratorTypeTrimHorizon, poll: fanOutPoll,
		batch: 10, parallelization: 1, maxAge: never, retries: never,
	}))
	t.Cleanup(one.stop)
	require.Eventually(t, func() bool { return len(s.seen()) == 5 }, patience, 10*time.Millisecond)
	for i, b := range s.seen() {
		require.Equal(t, i < 3, b.shard == "parent")
	}
	require.Eventually(t, func() bool { return one.stats.snapshot().Delivered == 4 }, patience, 10*time.Millisecond)
}

func TestFaultsAreMadeToOrder(t *testing.T) {
	s := newScene(t, 2)
	s.Inject(Faults{Twice: true, Delay: func(shard string) time.Duration {
		if shard == "shardId-000000000000" {
			return time.Second
		}
		return 0
	}})
	for i := range 20 {
		s.put(fmt.Sprintf("key%d:1", i))
	}
	s.connect(nil)
	s.drained()
	var order []string
	times := map[string]int{}
	for _, b := range s.seen() {
		order = append(order, b.shard)
		for _, one := range b.data {
			times[one]++
		}
	}
	require.Equal(t, "shardId-000000000000", order[len(order)-1])
	require.Equal(t, "shardId-000000000001", order[0])
	require.Len(t, times, 20)
	for one, n := range times {
		require.Equal(t, 2, n, one)
	}
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

// The zip that was uploaded gets what is in the stream, in as many processes as calls are made at once.
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
