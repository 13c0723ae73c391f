package firehose

import (
	"bufio"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores/storestest"
	"compress/gzip"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// TestDeliveriesDeclaredThroughTheAPI uses the rehearsal's control plane.
func TestDeliveriesDeclaredThroughTheAPI(t *testing.T) {
	const n = 10_000
	ctx := t.Context()
	target, err := url.Parse(storestest.Moto(t))
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	acc := account.New(server.URL)

	var mu sync.Mutex
	indexed := map[string]int{}
	domain := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines := bufio.NewScanner(r.Body)
		var items []string
		mu.Lock()
		defer mu.Unlock()
		for lines.Scan() {
			lines.Scan()
			indexed[lines.Text()]++
			items = append(items, `{"index":{"status":201}}`)
		}
		fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(items, ","))
	}))
	t.Cleanup(domain.Close)
	roots := x509.NewCertPool()
	roots.AddCert(domain.Certificate())

	delivered := map[string]int{}
	s := New(acc, slog.New(slog.NewTextHandler(t.Output(), nil)), Options{Roots: roots, OnDelivered: func(b Batch) {
		mu.Lock()
		defer mu.Unlock()
		delivered[b.Delivery] += len(b.Records)
	}})
	t.Cleanup(s.Close)
	s.Attach(proxy)

	suffix := fmt.Sprint(time.Now().UnixNano())
	made, err := iam.NewFromConfig(acc.Config()).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("fh" + suffix), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
	require.NoError(t, err)
	role := made.Role.Arn
	streams := kinesis.NewFromConfig(acc.Config())
	stream, bucketName := "stream"+suffix, "lake"+suffix
	_, err = streams.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &stream, StreamModeDetails: &ktypes.StreamModeDetails{StreamMode: ktypes.StreamModeOnDemand}})
	require.NoError(t, err)
	summary, err := streams.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
	require.NoError(t, err)
	objects := s3.NewFromConfig(acc.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	_, err = objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucketName})
	require.NoError(t, err)
	bucket := aws.String("arn:aws:s3:::" + bucketName)
	put := func(from, to int) {
		t.Helper()
		for start := from; start < to; start += 500 {
			in := &kinesis.PutRecordsInput{StreamName: &stream}
			for i := start; i < min(start+500, to); i++ {
				in.Records = append(in.Records, ktypes.PutRecordsRequestEntry{PartitionKey: aws.String(fmt.Sprint(i)), Data: fmt.Appendf(nil, `{"t":"t%d","n":%d}`+"\n", i%3, i)})
			}
			_, err := streams.PutRecords(ctx, in)
			require.NoError(t, err)
		}
	}
	put(n, n+10) // before the deliveries, so they must not deliver these

	client := api.NewFromConfig(acc.Config())
	source := &types.KinesisStreamSourceConfiguration{KinesisStreamARN: summary.StreamDescriptionSummary.StreamARN, RoleARN: role}
	_, err = client.CreateDeliveryStream(ctx, &api.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("search" + suffix), DeliveryStreamType: types.DeliveryStreamTypeKinesisStreamAsSource, KinesisStreamSourceConfiguration: source,
		AmazonopensearchserviceDestinationConfiguration: &types.AmazonopensearchserviceDestinationConfiguration{
			RoleARN: role, IndexName: aws.String("retail-trans"), ClusterEndpoint: &domain.URL, IndexRotationPeriod: types.AmazonopensearchserviceIndexRotationPeriodOneDay,
			BufferingHints: &types.AmazonopensearchserviceBufferingHints{SizeInMBs: aws.Int32(1), IntervalInSeconds: aws.Int32(1)},
			S3BackupMode:   types.AmazonopensearchserviceS3BackupModeFailedDocumentsOnly, S3Configuration: &types.S3DestinationConfiguration{RoleARN: role, BucketARN: bucket, Prefix: aws.String("failed/")},
		},
	})
	require.NoError(t, err)
	_, err = client.CreateDeliveryStream(ctx, &api.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("lake" + suffix), DeliveryStreamType: types.DeliveryStreamTypeKinesisStreamAsSource, KinesisStreamSourceConfiguration: source,
		ExtendedS3DestinationConfiguration: &types.ExtendedS3DestinationConfiguration{
			RoleARN: role, BucketARN: bucket, Prefix: aws.String("raw/t=!{partitionKeyFromQuery:t}/dt=!{timestamp:yyyy-MM-dd}/"), ErrorOutputPrefix: aws.String("errors/!{firehose:error-output-type}/"),
			BufferingHints: &types.BufferingHints{SizeInMBs: aws.Int32(64), IntervalInSeconds: aws.Int32(2)}, CompressionFormat: types.CompressionFormatGzip,
			DynamicPartitioningConfiguration: &types.DynamicPartitioningConfiguration{Enabled: aws.Bool(true)}, ProcessingConfiguration: processed(extraction("{t: .t}")),
		},
	})
	require.NoError(t, err)

	began := time.Now()
	put(0, n)
	t.Logf("put after %s", time.Since(began))
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	require.NoError(t, s.Drain(limited))
	t.Logf("%d records through two deliveries in %s: %+v", n, time.Since(began), s.Stats())

	mu.Lock()
	require.Len(t, indexed, n)
	require.Equal(t, map[string]int{"search" + suffix: n, "lake" + suffix: n}, delivered)
	mu.Unlock()
	list, err := objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucketName})
	require.NoError(t, err)
	stored := map[string]int{}
	for _, o := range list.Contents {
		require.Regexp(t, `^raw/t=t[012]/dt=\d{4}-\d\d-\d\d/lake`+suffix+`-1-.*\.gz$`, *o.Key)
		got, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucketName, Key: o.Key})
		require.NoError(t, err)
		r, err := gzip.NewReader(got.Body)
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
			require.True(t, json.Valid([]byte(line)), line)
			stored[line]++
		}
	}
	require.Len(t, stored, n)
	_, err = client.DeleteDeliveryStream(ctx, &api.DeleteDeliveryStreamInput{DeliveryStreamName: aws.String("lake" + suffix)})
	require.NoError(t, err)
	require.Len(t, s.Stats(), 1)
}
