package firehose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

// declared is a delivery stream in the control plane.
type declared struct {
	name, version         string
	streamArn, sourceRole string
	buffer                buffering
	search                *searchDestination
	lake                  *s3Destination
	processing            processing
	partitioned           bool
}

type buffering struct {
	bytes    int
	interval time.Duration
}

type searchDestination struct {
	// service is the signing name: es for a domain, aoss for a collection.
	service                   string
	role, domainArn, endpoint string
	index                     string
	rotation                  types.AmazonopensearchserviceIndexRotationPeriod
	ownIDs                    bool // FIREHOSE_DEFAULT
	retry                     time.Duration
	backupAll                 bool
	backup                    s3Destination
}

// s3Destination describes where and how objects are written.
type s3Destination struct {
	role, bucket string
	prefixes     prefixes
	buffer       buffering
	gzip         bool
	kmsKey       string
	extension    string
	zone         *time.Location
}

const mega = 1 << 20

// readStream reads a delivery stream; all problems are returned together.
func readStream(ctx context.Context, client *api.Client, name string) (*declared, error) {
	out, err := client.DescribeDeliveryStream(ctx, &api.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
	if err != nil {
		return nil, fmt.Errorf("reading the delivery stream %s: %w", name, err)
	}
	d, err := declare(out.DeliveryStreamDescription)
	if err != nil {
		return nil, fmt.Errorf("delivery stream %s: %w", name, err)
	}
	return d, nil
}

// errNoSource refuses a delivery stream with Put calls as its source, which nothing here uses.
var errNoSource = errors.New("only a Kinesis source is implemented")

func declare(in *types.DeliveryStreamDescription) (*declared, error) {
	d := &declared{name: aws.ToString(in.DeliveryStreamName), version: cmp.Or(aws.ToString(in.VersionId), "1")}
	if in.Source == nil || in.Source.KinesisStreamSourceDescription == nil {
		return nil, errNoSource
	}
	source := in.Source.KinesisStreamSourceDescription
	d.streamArn, d.sourceRole = aws.ToString(source.KinesisStreamARN), aws.ToString(source.RoleARN)
	if len(in.Destinations) != 1 {
		return nil, fmt.Errorf("%d destinations: there must be one", len(in.Destinations))
	}
	switch to := in.Destinations[0]; {
	case to.AmazonopensearchserviceDestinationDescription != nil:
		return d, d.declareSearch(to.AmazonopensearchserviceDestinationDescription)
	case to.AmazonOpenSearchServerlessDestinationDescription != nil:
		return d, d.declareServerless(to.AmazonOpenSearchServerlessDestinationDescription)
	case to.ExtendedS3DestinationDescription != nil:
		return d, d.declareLake(to.ExtendedS3DestinationDescription)
	}
	return nil, errors.New("only OpenSearch, OpenSearch Serverless and extended S3 destinations are implemented")
}

func (d *declared) declareSearch(in *types.AmazonopensearchserviceDestinationDescription) error {
	s := &searchDestination{
		service: "es", role: aws.ToString(in.RoleARN), domainArn: aws.ToString(in.DomainARN), endpoint: aws.ToString(in.ClusterEndpoint),
		index: aws.ToString(in.IndexName), rotation: in.IndexRotationPeriod, ownIDs: true, retry: 300 * time.Second,
		backupAll: in.S3BackupMode == types.AmazonopensearchserviceS3BackupModeAllDocuments,
	}
	var problems []error
	refuse := func(bad bool, text string) {
		if bad {
			problems = append(problems, errors.New(text))
		}
	}
	refuse(aws.ToString(in.TypeName) != "", "a type name must be empty for OpenSearch 2")
	refuse(!slices.Contains([]types.AmazonopensearchserviceS3BackupMode{"", types.AmazonopensearchserviceS3BackupModeFailedDocumentsOnly, types.AmazonopensearchserviceS3BackupModeAllDocuments}, in.S3BackupMode), "the S3 backup mode is unknown")
	refuse(in.ProcessingConfiguration != nil && aws.ToBool(in.ProcessingConfiguration.Enabled), "processing before OpenSearch is not implemented")
	if o := in.DocumentIdOptions; o != nil {
		switch o.DefaultDocumentIdFormat {
		case types.DefaultDocumentIdFormatFirehoseDefault:
		case types.DefaultDocumentIdFormatNoDocumentId:
			s.ownIDs = false
		default:
			refuse(true, "the document id format is unknown")
		}
	}
	if in.RetryOptions != nil && in.RetryOptions.DurationInSeconds != nil {
		s.retry = time.Duration(*in.RetryOptions.DurationInSeconds) * time.Second
	}
	if _, err := indexName(s.index, s.rotation, time.Now()); err != nil {
		problems = append(problems, err)
	}
	d.buffer = buffering{5 * mega, 300 * time.Second}
	if h := in.BufferingHints; h != nil {
		d.buffer = hints(h.SizeInMBs, h.IntervalInSeconds, d.buffer)
	}
	d.search = s
	return errors.Join(append(problems, s.declareBackup(in.S3DestinationDescription))...)
}

// declareServerless reads a collection as destination. It has one index, no rotation, no type, and the collection
// makes the documents' ids: the API has no such settings,
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonOpenSearchServerlessDestinationDescription.html.
func (d *declared) declareServerless(in *types.AmazonOpenSearchServerlessDestinationDescription) error {
	s := &searchDestination{
		service: serverless, role: aws.ToString(in.RoleARN), endpoint: aws.ToString(in.CollectionEndpoint), index: aws.ToString(in.IndexName),
		rotation: types.AmazonopensearchserviceIndexRotationPeriodNoRotation, retry: 300 * time.Second,
		backupAll: in.S3BackupMode == types.AmazonOpenSearchServerlessS3BackupModeAllDocuments,
	}
	var problems []error
	if s.endpoint == "" {
		problems = append(problems, errors.New("there must be the endpoint of a collection"))
	}
	if !slices.Contains([]types.AmazonOpenSearchServerlessS3BackupMode{"", types.AmazonOpenSearchServerlessS3BackupModeFailedDocumentsOnly, types.AmazonOpenSearchServerlessS3BackupModeAllDocuments}, in.S3BackupMode) {
		problems = append(problems, errors.New("the S3 backup mode is unknown"))
	}
	if in.ProcessingConfiguration != nil && aws.ToBool(in.ProcessingConfiguration.Enabled) {
		problems = append(problems, errors.New("processing before OpenSearch is not implemented"))
	}
	if in.RetryOptions != nil && in.RetryOptions.DurationInSeconds != nil {
		s.retry = time.Duration(*in.RetryOptions.DurationInSeconds) * time.Second
	}
	if _, err := indexName(s.index, s.rotation, time.Now()); err != nil {
		problems = append(problems, err)
	}
	d.buffer = buffering{5 * mega, 300 * time.Second}
	if h := in.BufferingHints; h != nil {
		d.buffer = hints(h.SizeInMBs, h.IntervalInSeconds, d.buffer)
	}
	d.search = s
	return errors.Join(append(problems, s.declareBackup(in.S3DestinationDescription))...)
}

// declareBackup reads where documents are written that could not be indexed, or all documents if configured.
func (s *searchDestination) declareBackup(b *types.S3DestinationDescription) error {
	if b == nil {
		return errors.New("there must be an S3 backup")
	}
	failures := b.ErrorOutputPrefix
	if aws.ToString(failures) == "" {
		failures = aws.String(aws.ToString(b.Prefix) + failedFolder)
	}
	var err error
	s.backup, err = declareS3(b.RoleARN, b.BucketARN, b.Prefix, failures, b.CompressionFormat, b.EncryptionConfiguration, b.BufferingHints, false)
	return err
}

func (d *declared) declareLake(in *types.ExtendedS3DestinationDescription) error {
	d.partitioned = in.DynamicPartitioningConfiguration != nil && aws.ToBool(in.DynamicPartitioningConfiguration.Enabled)
	s, err := declareS3(in.RoleARN, in.BucketARN, in.Prefix, in.ErrorOutputPrefix, in.CompressionFormat, in.EncryptionConfiguration, in.BufferingHints, d.partitioned)
	problems := []error{err}
	s.extension = aws.ToString(in.FileExtension)
	if zone := aws.ToString(in.CustomTimeZone); zone != "" {
		if s.zone, err = time.LoadLocation(zone); err != nil {
			problems = append(problems, fmt.Errorf("time zone: %w", err))
		}
	}
	if c := in.DataFormatConversionConfiguration; c != nil && aws.ToBool(c.Enabled) {
		problems = append(problems, errors.New("format conversion is not implemented"))
	}
	if in.S3BackupMode == types.S3BackupModeEnabled {
		problems = append(problems, errors.New("S3 backup of an S3 destination is not implemented"))
	}
	d.processing, err = parseProcessing(in.ProcessingConfiguration)
	problems = append(problems, err)
	switch {
	case d.partitioned && d.processing.query == nil && err == nil:
		problems = append(problems, errors.New("dynamic partitioning needs a MetadataExtraction processor"))
	case !d.partitioned && d.processing.query != nil:
		problems = append(problems, errors.New("a MetadataExtraction processor needs dynamic partitioning"))
	case d.partitioned && (s.buffer.bytes < 64*mega || s.buffer.interval == 0):
		problems = append(problems, errors.New("dynamic partitioning needs a buffer of at least 64 MB and an interval"))
	}
	d.lake, d.buffer = &s, s.buffer
	return errors.Join(problems...)
}

func declareS3(role, bucket, prefix, failures *string, compression types.CompressionFormat, encryption *types.EncryptionConfiguration, h *types.BufferingHints, partitioned bool) (s3Destination, error) {
	s := s3Destination{role: aws.ToString(role), bucket: aws.ToString(bucket), zone: time.UTC, buffer: buffering{5 * mega, 300 * time.Second}}
	if i := strings.LastIndex(s.bucket, ":"); i >= 0 {
		s.bucket = s.bucket[i+1:]
	}
	var problems []error
	switch compression {
	case "", types.CompressionFormatUncompressed:
	case types.CompressionFormatGzip:
		s.gzip = true
	default:
		problems = append(problems, fmt.Errorf("compression %s is not implemented", compression))
	}
	if encryption != nil && encryption.KMSEncryptionConfig != nil {
		s.kmsKey = aws.ToString(encryption.KMSEncryptionConfig.AWSKMSKeyARN)
	}
	if h != nil {
		s.buffer = hints(h.SizeInMBs, h.IntervalInSeconds, s.buffer)
	}
	var err error
	s.prefixes, err = parsePrefixes(aws.ToString(prefix), aws.ToString(failures), partitioned)
	return s, errors.Join(append(problems, err)...)
}

func hints(megabytes, seconds *int32, otherwise buffering) buffering {
	if megabytes != nil {
		otherwise.bytes = int(*megabytes) * mega
	}
	if seconds != nil {
		otherwise.interval = time.Duration(*seconds) * time.Second
	}
	return otherwise
}
