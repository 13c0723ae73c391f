package rules

import "cdcpipeline/policy/view"

const (
	streamType   = "aws:kinesis/stream:Stream"
	firehoseType = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
)

// minRetentionHours is the minimum of Kinesis.3. It lets a sink be down over a long weekend.
const minRetentionHours = 168

// Stream is a Kinesis data stream.
type Stream struct {
	EncryptionType  view.Of[string]  `prop:"encryptionType"`
	RetentionPeriod view.Of[float64] `prop:"retentionPeriod"` // hours; Kinesis's default is 24
}

func kinesis() []Rule {
	return []Rule{
		{
			Name: "kinesis-1", Title: "Streams are encrypted at rest", Severity: Medium,
			Controls: []string{"Kinesis.1"}, Types: []string{streamType},
			Change:  "encryptionType: KMS with a kmsKeyId",
			Unseen:  "counts as KMS",
			Default: "stream.ChangeStream encrypts with the stack's key",
			Check:   each(streamType, streamEncrypted),
		},
		{
			Name: "kinesis-3", Title: "Streams keep their records for a week", Severity: Medium,
			Controls: []string{"Kinesis.3"}, Types: []string{streamType},
			Change:  "retentionPeriod: 168 or more (stream.retentionHours): Firehose keeps what it could not deliver only there",
			Unseen:  "counts as long enough",
			Default: "168 hours",
			Check:   each(streamType, streamRetention),
		},
	}
}

func streamEncrypted(s Stream) []Violation {
	return broken(s.EncryptionType.Isnt("KMS"), "encryptionType is %s", s.EncryptionType)
}

func streamRetention(s Stream) []Violation {
	hours, _ := s.RetentionPeriod.Get()
	return broken(!s.RetentionPeriod.Unknown() && hours < minRetentionHours, "records are kept for %v hours", max(hours, 24))
}

func firehose() []Rule {
	return []Rule{{
		Name: "datafirehose-1", Title: "Delivery streams are encrypted at rest", Severity: Medium,
		Controls: []string{"DataFirehose.1"}, Types: []string{firehoseType},
		Change: "encrypt the Kinesis stream that is read, or, for a delivery that is written to directly, serverSideEncryption.enabled",
		Unseen: "a stream outside this stack counts as encrypted",
		Default: "Firehose keeps no data of its own when it reads a Kinesis stream, and takes no serverSideEncryption then: the " +
			"stream's encryption is the answer (https://docs.aws.amazon.com/firehose/latest/dev/encryption.html)",
		CheckStack: deliveriesEncrypted,
	}}
}

// Delivery is a Firehose delivery stream.
type Delivery struct {
	ServerSideEncryption struct {
		Enabled view.Of[bool] `prop:"enabled"`
	} `prop:"serverSideEncryption"`
	Source struct {
		StreamArn view.Of[string] `prop:"kinesisStreamArn"`
		RoleArn   view.Of[string] `prop:"roleArn"`
	} `prop:"kinesisSourceConfiguration"`
	OpenSearch SearchDelivery `prop:"opensearchConfiguration"`
	Collection SearchDelivery `prop:"opensearchserverlessConfiguration"`
	S3         struct {
		BucketArn         view.Of[string] `prop:"bucketArn"`
		ErrorOutputPrefix view.Of[string] `prop:"errorOutputPrefix"`
	} `prop:"extendedS3Configuration"`
}

// SearchDelivery has a delivery stream's destination for documents: a domain or a collection.
type SearchDelivery struct {
	RoleArn   view.Of[string] `prop:"roleArn"`
	IndexName view.Of[string] `prop:"indexName"`
	Backup    struct {
		BucketArn view.Of[string] `prop:"bucketArn"`
	} `prop:"s3Configuration"`
}

func deliveriesEncrypted(s view.Stack) []Violation {
	var found []Violation
	for _, r := range s.OfType(firehoseType) {
		d := view.Decode[Delivery](r.Properties)
		if d.Source.StreamArn.Unset() {
			found = append(found, at(r, broken(d.ServerSideEncryption.Enabled.Isnt(true), "it is written to directly and not encrypted"))...)
			continue
		}
		for _, stream := range s.OfType(streamType) {
			if s.Refers(r, "kinesisSourceConfiguration", stream) && streamEncrypted(view.Decode[Stream](stream.Properties)) != nil {
				found = append(found, at(r, broken(true, "it reads the stream %s, which is not encrypted", stream.Name))...)
			}
		}
	}
	return found
}
