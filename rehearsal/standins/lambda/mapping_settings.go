package lambda

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	// sharedPoll is Lambda's interval for reading a shard with shared throughput,
	// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html#kinesis-polling-and-batching.
	sharedPoll = time.Second
	// fanOutPoll imitates the push of enhanced fan-out, which takes about 70 ms:
	// https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html.
	fanOutPoll = 70 * time.Millisecond
	// never means no limit on age or attempts.
	never = -1
)

// mappingSettings are a mapping's settings, with Lambda's defaults:
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html.
type mappingSettings struct {
	function, role  string // ARNs
	source          string // ARN of the stream or of its consumer
	enabled         bool
	from            types.ShardIteratorType
	poll            time.Duration
	batch           int
	window          time.Duration
	parallelization int
	bisect, partial bool
	maxAge          time.Duration // never: no limit
	retries         int           // never: no limit
	bucket          string        // destination of given-up records; empty: none
}

func settingsOf(d *lambda.GetEventSourceMappingOutput) (*mappingSettings, error) {
	s := &mappingSettings{
		function: aws.ToString(d.FunctionArn), source: aws.ToString(d.EventSourceArn), enabled: aws.ToString(d.State) != "Disabled",
		from: types.ShardIteratorType(d.StartingPosition), poll: sharedPoll,
		batch: number(d.BatchSize, 100), window: time.Duration(number(d.MaximumBatchingWindowInSeconds, 0)) * time.Second,
		parallelization: number(d.ParallelizationFactor, 1), bisect: aws.ToBool(d.BisectBatchOnFunctionError),
		partial: slices.Contains(d.FunctionResponseTypes, lambdatypes.FunctionResponseTypeReportBatchItemFailures),
		maxAge:  never, retries: number(d.MaximumRetryAttempts, never),
	}
	if !strings.Contains(s.source, ":kinesis:") {
		return nil, fmt.Errorf("the rehearsal reads Kinesis streams, not %s", s.source)
	}
	if s.from != types.ShardIteratorTypeTrimHorizon && s.from != types.ShardIteratorTypeLatest {
		return nil, fmt.Errorf("the rehearsal starts at TRIM_HORIZON or LATEST, not at %s", s.from)
	}
	if d.FilterCriteria != nil || number(d.TumblingWindowInSeconds, 0) > 0 {
		return nil, fmt.Errorf("the rehearsal has no filters and no tumbling windows")
	}
	if strings.Contains(s.source, "/consumer/") {
		s.poll = fanOutPoll
	}
	if seconds := number(d.MaximumRecordAgeInSeconds, never); seconds != never {
		s.maxAge = time.Duration(seconds) * time.Second
	}
	if to := d.DestinationConfig; to != nil && to.OnFailure != nil {
		name, ok := strings.CutPrefix(aws.ToString(to.OnFailure.Destination), "arn:aws:s3:::")
		if !ok {
			return nil, fmt.Errorf("the rehearsal parks in S3, not in %s: only S3 gets the whole record", aws.ToString(to.OnFailure.Destination))
		}
		s.bucket = name
	}
	return s, nil
}

func number(n *int32, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return int(*n)
}
