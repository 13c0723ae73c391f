package cloudwatch

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/firehose"
	"cdcpipeline/rehearsal/standins/lambda"
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// MeasureTasks are the metrics of DMS's tasks, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html.
// A task that does not run publishes none.
func MeasureTasks(acc account.Account, tasks Tasks) Measure {
	p := &publisher{tasks: tasks, dms: api.NewFromConfig(acc.Config()), instances: map[string]string{}}
	return Measure{
		Names: []string{"AWS/DMS CDCLatencySource", "AWS/DMS CDCLatencyTarget"},
		Read: func(ctx context.Context) ([]Reading, error) {
			var readings []Reading
			for arn, at := range tasks.Latencies() {
				task, err := p.dimensions(ctx, arn)
				if err != nil {
					return readings, err
				}
				for name, latency := range map[string]time.Duration{"CDCLatencySource": at.Source, "CDCLatencyTarget": at.Target} {
					r := aged("AWS/DMS", name, latency.Seconds())
					r.Dimensions = dimensions(task)
					readings = append(readings, r)
				}
			}
			return readings, nil
		},
	}
}

// MeasureDeliveries are Firehose's metrics,
// https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html, and the age of the records
// that it reads from the stream.
func MeasureDeliveries(deliveries Deliveries) Measure {
	var names []string
	for _, destination := range []string{toLake, toDomain, toCollection} {
		for _, what := range []string{"DataFreshness", "Success", "Records"} {
			names = append(names, "AWS/Firehose "+destination+what)
		}
	}
	names = append(names, "AWS/Firehose KinesisMillisBehindLatest", "AWS/Firehose DataReadFromKinesisStream.Records", "AWS/Firehose ThrottledGetRecords",
		"AWS/Kinesis GetRecords.IteratorAgeMilliseconds")
	before := map[string]firehose.Stats{}
	return Measure{Names: names, Read: func(context.Context) ([]Reading, error) {
		var readings []Reading
		stats := deliveries.Stats()
		for name, at := range deliveries.Readings() {
			now := stats[name]
			readings = append(readings, aged("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", milliseconds(at.Age), "StreamName", at.Stream))
			readings = append(readings, delivered(name, at, before[name], now)...)
			before[name] = now
		}
		return readings, nil
	}}
}

// These are destinations in the names of Firehose's metrics.
const (
	toLake       = "DeliveryToS3."
	toDomain     = "DeliveryToAmazonOpenSearchService."
	toCollection = "DeliveryToAmazonOpenSearchServerless."
)

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// delivered are a delivery stream's metrics for the time since it last published.
func delivered(name string, at firehose.Reading, before, now firehose.Stats) []Reading {
	destination := toLake
	switch {
	case at.Serverless:
		destination = toCollection
	case at.Search:
		destination = toDomain
	}
	dimension := []string{"DeliveryStreamName", name}
	firehose := func(metric string, value float64) Reading {
		return newReading("AWS/Firehose", metric, value, dimension...)
	}
	freshness := firehose(destination+"DataFreshness", now.Oldest.Seconds())
	freshness.Grows = max(0, (now.Oldest - at.Interval).Seconds()) // a buffer waits for its interval as in AWS
	readings := []Reading{
		freshness,
		aged("AWS/Firehose", "KinesisMillisBehindLatest", milliseconds(at.Behind), dimension...),
		firehose("DataReadFromKinesisStream.Records", float64(now.Records-before.Records)),
		firehose("ThrottledGetRecords", 0),
	}
	took, parked, retried := now.Delivered-before.Delivered, now.Parked-before.Parked, now.Retries-before.Retries
	if took+parked+retried > 0 { // of the attempts, at most the retried ones failed
		readings = append(readings, firehose(destination+"Success", float64(took)/float64(max(1, took+parked+min(retried, 1)))), firehose(destination+"Records", float64(took)))
	}
	if parked > 0 && at.Search { // refused documents go to S3 as an object
		readings = append(readings, firehose(toLake+"Records", float64(parked)), firehose(toLake+"Success", 1))
	}
	return readings
}

// Mappings is implemented by the stand-in of event source mappings.
type Mappings interface {
	Stats() map[string]lambda.MappingStats
}

// Functions is implemented by the stand-in that runs functions.
type Functions interface {
	OnInvocation(f func(lambda.Invocation))
}

var (
	_ Mappings  = (*lambda.Mappings)(nil)
	_ Functions = (*lambda.Runner)(nil)
)

// MeasureFunctions measures Lambda's metrics of each invocation and of event source mappings:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html.
func MeasureFunctions(functions Functions, mappings Mappings) Measure {
	var mu sync.Mutex
	var waiting []Reading
	functions.OnInvocation(func(i lambda.Invocation) {
		mu.Lock()
		defer mu.Unlock()
		if i.Throttled { // Lambda counts nothing else for it
			waiting = append(waiting, newReading("AWS/Lambda", "Throttles", 1, "FunctionName", i.Function))
			return
		}
		failed := 0.0
		if i.Failed {
			failed = 1
		}
		for metric, value := range map[string]float64{"Invocations": 1, "Errors": failed, "Throttles": 0, "Duration": milliseconds(i.Took)} {
			waiting = append(waiting, newReading("AWS/Lambda", metric, value, "FunctionName", i.Function))
		}
	})
	before := map[string]lambda.MappingStats{}
	names := []string{
		"Invocations", "Errors", "Throttles", "Duration", "IteratorAge", "DestinationDeliveryFailures", "PolledEventCount", "FailedInvokeEventCount",
		"OnFailureDestinationDeliveredEventCount", "DroppedEventCount",
	}
	for i, name := range names {
		names[i] = "AWS/Lambda " + name
	}
	return Measure{Names: names, Read: func(context.Context) ([]Reading, error) {
		mu.Lock()
		readings := waiting
		waiting = nil
		mu.Unlock()
		for uuid, now := range mappings.Stats() {
			last := before[uuid]
			before[uuid] = now
			// Lambda publishes an age when a call ends. In AWS a call takes less than a minute. Here it may take
			// many of the shorter periods, so the age grows during the call.
			if now.Ages > last.Ages || now.Working > 0 {
				age := now.Working
				if now.Ages > last.Ages {
					age = max(age, now.IteratorAge)
				}
				readings = append(readings, aged("AWS/Lambda", "IteratorAge", milliseconds(age), "FunctionName", now.Function))
			}
			if now.Calls == last.Calls && now.Parked == last.Parked && now.Lost == last.Lost {
				continue
			}
			readings = append(readings, newReading("AWS/Lambda", "DestinationDeliveryFailures", float64(now.Lost-last.Lost), "FunctionName", now.Function))
			for metric, value := range map[string]int64{
				"PolledEventCount": now.Records - last.Records, "FailedInvokeEventCount": now.Failures - last.Failures,
				"OnFailureDestinationDeliveredEventCount": now.Parked - last.Parked, "DroppedEventCount": now.Lost - last.Lost,
			} {
				readings = append(readings, newReading("AWS/Lambda", metric, float64(value), "FunctionName", now.Function, "EventSourceMappingUUID", uuid))
				readings = append(readings, newReading("AWS/Lambda", metric, float64(value), "EventSourceMappingUUID", uuid))
			}
		}
		return readings, nil
	}}
}

// streams counts writes to Kinesis streams.
type streams struct {
	mu   sync.Mutex
	into map[string]*written
}

type written struct{ records, bytes, refused int }

// MeasureStreams are the metrics of writes to streams,
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html.
func MeasureStreams(p *controlplane.Proxy) Measure {
	s := &streams{into: map[string]*written{}}
	for _, name := range []string{"PutRecords", "PutRecord"} {
		p.After(controlplane.Action{Service: "kinesis", Name: name}, func(_ context.Context, c *controlplane.Call) error {
			s.count(c.RequestBody, c.ResponseBody)
			return nil
		})
	}
	return Measure{
		Names: []string{"AWS/Kinesis IncomingRecords", "AWS/Kinesis IncomingBytes", "AWS/Kinesis WriteProvisionedThroughputExceeded", "AWS/Kinesis ReadProvisionedThroughputExceeded"},
		Read:  func(context.Context) ([]Reading, error) { return s.read(), nil },
	}
}

var (
	streamNamed   = regexp.MustCompile(`"Stream(?:Name|ARN)"\s*:\s*"(?:[^"]*stream/)?([^"/]+)"`)
	partitionKey  = []byte(`"PartitionKey"`)
	recordRefused = regexp.MustCompile(`"FailedRecordCount"\s*:\s*(\d+)`)
)

// count does not decode records: base64 contains no quotes, and is a third longer than the record.
func (s *streams) count(request, response []byte) {
	name := streamNamed.FindSubmatch(request)
	if name == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.into[string(name[1])]
	if w == nil {
		w = &written{}
		s.into[string(name[1])] = w
	}
	if refused := recordRefused.FindSubmatch(response); refused != nil {
		n, _ := strconv.Atoi(string(refused[1]))
		w.refused += n
	}
	w.records, w.bytes = w.records+bytes.Count(request, partitionKey), w.bytes+len(request)*3/4
}

func (s *streams) read() []Reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	var readings []Reading
	for _, name := range slices.Sorted(maps.Keys(s.into)) {
		w := s.into[name]
		for metric, value := range map[string]int{
			"IncomingRecords": w.records, "IncomingBytes": w.bytes, "WriteProvisionedThroughputExceeded": w.refused, "ReadProvisionedThroughputExceeded": 0,
		} {
			readings = append(readings, newReading("AWS/Kinesis", metric, float64(value), "StreamName", name))
		}
		*w = written{}
	}
	return readings
}
