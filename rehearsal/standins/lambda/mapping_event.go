package lambda

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"
)

// event is the function's input, https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html.
func (l *lane) event(batch []*record) ([]byte, error) {
	var event events.KinesisEvent
	for _, r := range batch {
		event.Records = append(event.Records, events.KinesisEventRecord{
			AwsRegion: account.Region, EventID: l.shard.id + ":" + *r.SequenceNumber, EventName: "aws:kinesis:record",
			EventSource: "aws:kinesis", EventSourceArn: l.settings.source, EventVersion: "1.0", InvokeIdentityArn: l.settings.role,
			Kinesis: events.KinesisRecord{
				ApproximateArrivalTimestamp: events.SecondsEpochTime{Time: *r.ApproximateArrivalTimestamp},
				Data:                        r.Data, PartitionKey: *r.PartitionKey, SequenceNumber: *r.SequenceNumber, KinesisSchemaVersion: "1.0",
			},
		})
	}
	text, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("writing the event: %w", err)
	}
	return text, nil
}

// failedItems are the sequence numbers that an answer reports; false when Lambda does not understand the answer,
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html.
func failedItems(answer []byte) ([]string, bool) {
	if len(bytes.TrimSpace(answer)) == 0 {
		return nil, true
	}
	var response struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil, false
	}
	var numbers []string
	for _, item := range response.BatchItemFailures {
		if item.ItemIdentifier == "" {
			return nil, false
		}
		numbers = append(numbers, item.ItemIdentifier)
	}
	return numbers, true
}

// invocationRecord is the object that Lambda stores about abandoned records:
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html.
type invocationRecord struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionArn            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext struct {
		StatusCode      int    `json:"statusCode"`
		ExecutedVersion string `json:"executedVersion"`
		FunctionError   string `json:"functionError"`
	} `json:"responseContext"`
	Version          string    `json:"version"`
	Timestamp        string    `json:"timestamp"`
	KinesisBatchInfo batchInfo `json:"KinesisBatchInfo"`
	// Payload is the whole event in one string.
	Payload string `json:"payload"`
}

type batchInfo struct {
	ShardID              string `json:"shardId"`
	StartSequenceNumber  string `json:"startSequenceNumber"`
	EndSequenceNumber    string `json:"endSequenceNumber"`
	ArrivalOfFirstRecord string `json:"approximateArrivalOfFirstRecord"`
	ArrivalOfLastRecord  string `json:"approximateArrivalOfLastRecord"`
	BatchSize            int    `json:"batchSize"`
	StreamArn            string `json:"streamArn"`
}

const milliseconds = "2006-01-02T15:04:05.000Z"

// giveUp parks records and counts them as finished. Records that cannot be parked are lost, as in AWS, and counted as
// lost.
func (l *lane) giveUp(records []*record, condition string, calls int) {
	defer l.shard.done(records)
	err := l.park(records, condition, calls)
	if err != nil {
		l.log.Error("records are lost", "mapping", l.uuid, "records", len(records), "condition", condition, "error", err)
	}
	l.stats.change(func(v *MappingStats) {
		if err != nil {
			v.Lost += int64(len(records))
		} else {
			v.Parked += int64(len(records))
		}
	})
}

func (l *lane) park(records []*record, condition string, calls int) error {
	if l.settings.bucket == "" {
		return fmt.Errorf("the mapping has no destination for failures")
	}
	payload, err := l.event(records)
	if err != nil {
		return err
	}
	now, first, last := time.Now().UTC(), records[0], records[len(records)-1]
	kept := invocationRecord{Version: "1.0", Timestamp: now.Format(milliseconds), Payload: string(payload)}
	kept.RequestContext.RequestID, kept.RequestContext.FunctionArn = uuid.NewString(), l.settings.function
	kept.RequestContext.Condition, kept.RequestContext.ApproximateInvokeCount = condition, calls
	kept.ResponseContext.StatusCode, kept.ResponseContext.ExecutedVersion, kept.ResponseContext.FunctionError = 200, "$LATEST", "Unhandled"
	kept.KinesisBatchInfo = batchInfo{
		ShardID: l.shard.id, StartSequenceNumber: *first.SequenceNumber, EndSequenceNumber: *last.SequenceNumber,
		ArrivalOfFirstRecord: first.ApproximateArrivalTimestamp.UTC().Format(milliseconds),
		ArrivalOfLastRecord:  last.ApproximateArrivalTimestamp.UTC().Format(milliseconds),
		BatchSize:            len(records), StreamArn: l.shard.stream,
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("writing the invocation record: %w", err)
	}
	key := fmt.Sprintf("aws/lambda/%s/%s/%s-%s", l.uuid, l.shard.id, now.Format("2006/01/02/2006-01-02T15.04.05"), uuid.NewString())
	ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
	defer cancel()
	if _, err := l.objects(l.settings.role).PutObject(ctx, &s3.PutObjectInput{Bucket: &l.settings.bucket, Key: &key, Body: bytes.NewReader(text), ContentType: aws.String("application/json")}); err != nil {
		return fmt.Errorf("parking in %s: %w", l.settings.bucket, err)
	}
	return nil
}
