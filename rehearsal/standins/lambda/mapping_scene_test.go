package lambda

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
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
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// scene is an account with a stream, a consumer, a bucket and a function whose answers the test controls.
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

// batch is the content of one call.
type batch struct {
	shard         string
	data, numbers []string
}

func newScene(t *testing.T, shardCount int32) *scene {
	t.Helper()
	target, err := url.Parse(storestest.Moto(t))
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

// poisoned fails completely while a batch contains poison.
func poisoned(b batch) (Result, error) {
	if slices.Contains(b.data, "poison") {
		return failed, nil
	}
	return Result{}, nil
}

// put writes records with one partition key each: the text before a colon, or "k".
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

// parked are the objects in the bucket, except the function's registry.
func (s *scene) parked() map[string]string {
	s.t.Helper()
	all := s.objects("")
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, currentstate.RegistryPrefix) })
	return all
}

// objects returns the objects in the bucket whose keys begin with a prefix, by key.
func (s *scene) objects(prefix string) map[string]string {
	s.t.Helper()
	listed, err := s.s3.ListObjectsV2(s.t.Context(), &s3.ListObjectsV2Input{Bucket: &s.name, Prefix: &prefix})
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
