package firehose

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func searchJSON(size, interval, retry int, more string) string {
	return fmt.Sprintf(`"AmazonopensearchserviceDestinationDescription":{"RoleARN":%q,"DomainARN":"arn:aws:es:us-east-1:1:domain/dom","IndexName":"retail-trans","IndexRotationPeriod":"OneDay",
		"BufferingHints":{"SizeInMBs":%d,"IntervalInSeconds":%d},"RetryOptions":{"DurationInSeconds":%d},"S3BackupMode":"FailedDocumentsOnly",
		"S3DestinationDescription":{"RoleARN":%q,"BucketARN":"arn:aws:s3:::lake","Prefix":"search-failed/","BufferingHints":{"SizeInMBs":5,"IntervalInSeconds":300},"CompressionFormat":"UNCOMPRESSED","EncryptionConfiguration":{}}%s}`,
		role, size, interval, retry, role, more)
}

// serverlessJSON is a collection at an endpoint; index is inserted unchanged.
func serverlessJSON(endpoint string, retry int, mode string) string {
	return fmt.Sprintf(`"AmazonOpenSearchServerlessDestinationDescription":{"RoleARN":%q,"CollectionEndpoint":%q,"IndexName":"retail-trans","BufferingHints":{"SizeInMBs":1,"IntervalInSeconds":0},
		"RetryOptions":{"DurationInSeconds":%d},"S3BackupMode":%q,
		"S3DestinationDescription":{"RoleARN":%q,"BucketARN":"arn:aws:s3:::lake","Prefix":"search/","BufferingHints":{"SizeInMBs":5,"IntervalInSeconds":300},"CompressionFormat":"UNCOMPRESSED","EncryptionConfiguration":{}}}`,
		role, endpoint, retry, mode, role)
}

func lakeJSON(interval int) string {
	return fmt.Sprintf(`"ExtendedS3DestinationDescription":{"RoleARN":%q,"BucketARN":"arn:aws:s3:::lake","Prefix":"raw/t=!{partitionKeyFromQuery:t}/dt=!{timestamp:yyyy-MM-dd}/","ErrorOutputPrefix":"errors/!{firehose:error-output-type}/",
		"BufferingHints":{"SizeInMBs":64,"IntervalInSeconds":%d},"CompressionFormat":"GZIP","EncryptionConfiguration":{"KMSEncryptionConfig":{"AWSKMSKeyARN":"arn:aws:kms:us-east-1:1:key/k"}},"DynamicPartitioningConfiguration":{"Enabled":true},
		"ProcessingConfiguration":{"Enabled":true,"Processors":[{"Type":"MetadataExtraction","Parameters":[{"ParameterName":"JsonParsingEngine","ParameterValue":"JQ-1.6"},{"ParameterName":"MetadataExtractionQuery","ParameterValue":"{t: .t}"}]},
			{"Type":"AppendDelimiterToRecord","Parameters":[{"ParameterName":"Delimiter","ParameterValue":"\\n"}]}]}}`, role, interval)
}

func drained(t *testing.T, s *Service) Stats {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, s.Drain(ctx))
	return s.Stats()["d"]
}

func TestOnlyRecordsAfterCreationAreDelivered(t *testing.T) {
	c, s, told := newCloud(t, searchJSON(1, 0, 5, ""))
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", "{\"a\":1}\n")
	c.put("shard-1", "{\n\"b\": 2\n}")
	st := drained(t, s)
	require.Equal(t, Stats{Records: 2, Delivered: 2}, st)
	require.ElementsMatch(t, []string{"{\"a\":1}\n", "{\n\"b\": 2\n}"}, told())
	require.ElementsMatch(t, told(), c.read)
	var documents []string
	for _, d := range c.indexed {
		documents = append(documents, d)
	}
	require.ElementsMatch(t, []string{`retail-trans-2026-11-23 {"a":1}`, `retail-trans-2026-11-23 {"b":2}`}, documents)
}

func TestReadingsSayWhatIsReadAndHowOldItIs(t *testing.T) {
	_, s, _ := newCloud(t, searchJSON(1, 0, 5, ""))
	require.NoError(t, s.Create(t.Context(), "d"))
	reading := s.Readings()["d"]
	require.True(t, reading.Search)
	require.NotEmpty(t, reading.Stream)
	require.Zero(t, reading.Age)
	one, ok := s.get("d")
	require.True(t, ok)
	one.reader.all()[0].age.Store(int64(time.Minute))
	require.Equal(t, time.Minute, one.reader.age())
}

func TestRecordsWaitForTheInterval(t *testing.T) {
	c, s, _ := newCloud(t, searchJSON(1, 1, 5, ""))
	require.NoError(t, s.Create(t.Context(), "d"))
	began := time.Now()
	c.put("shard-0", `{"a":1}`)
	require.Eventually(t, func() bool { return s.Stats()["d"].Oldest > 0 }, time.Minute, time.Millisecond)
	drained(t, s)
	require.GreaterOrEqual(t, time.Since(began), time.Second)
	require.Zero(t, s.Stats()["d"].Oldest)
}

func TestFullBufferIsWrittenAtOnce(t *testing.T) {
	c, s, told := newCloud(t, searchJSON(1, 900, 5, ""))
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":"`+strings.Repeat("x", 600_000)+`"}`, `{"a":"`+strings.Repeat("x", 600_000)+`"}`, `{"a":1}`)
	for end := time.Now().Add(10 * time.Second); len(told()) < 2 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	require.Len(t, told(), 2)
	require.EqualValues(t, 1, s.Stats()["d"].Undelivered())
}

func TestRefusedRequestIsRepeatedWithTheSameIDs(t *testing.T) {
	c, s, _ := newCloud(t, searchJSON(1, 0, 30, ""))
	c.bulk = func(call int, _ []string) (int, string) {
		if call < 3 {
			return http.StatusForbidden, "no permissions for [indices:data/write/bulk]"
		}
		return 0, ""
	}
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":1}`)
	st := drained(t, s)
	require.Equal(t, Stats{Records: 1, Delivered: 1, Retries: 2}, st)
}

func TestDocumentsThatStayRefusedAreParked(t *testing.T) {
	c, s, told := newCloud(t, searchJSON(1, 0, 1, ""))
	c.refusePuts = 4 // S3 also fails for a while
	var sent [][]string
	c.bulk = func(_ int, documents []string) (int, string) { sent = append(sent, documents); return 0, "" }
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":"good"}`, `{"a":"poison"}`)
	st := drained(t, s)
	require.EqualValues(t, 1, st.Delivered)
	require.EqualValues(t, 1, st.Parked)
	require.Equal(t, []string{`{"a":"good"}`}, told())
	require.Equal(t, []string{`{"a":"good"}`, `{"a":"poison"}`}, sent[0])
	require.Equal(t, []string{`{"a":"poison"}`}, sent[1], "what was accepted is not sent again")
	key, body := c.object("")
	require.Regexp(t, `^/lake/search-failed/AmazonOpenSearchService_failed/2026/11/23/\d\d/d-3-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f-]{36}$`, key)
	var parked failedRecord
	require.NoError(t, json.Unmarshal([]byte(body), &parked))
	require.Equal(t, `{"a":"poison"}`, string(parked.RawData))
	require.Equal(t, "400", parked.ErrorCode)
	require.Contains(t, parked.ErrorMessage, "mapper_parsing_exception")
	require.Equal(t, "retail-trans-2026-11-23", *parked.IndexName)
	require.Greater(t, parked.AttemptsMade, 1)
}

// AWS documents deliveries to a collection:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-signing,
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonOpenSearchServerlessDestinationConfiguration.html.
func TestACollectionIsDeliveredTo(t *testing.T) {
	c, s, _ := newCloud(t, "")
	c.destination, c.service = serverlessJSON(c.domain.URL+"/", 30, "FailedDocumentsOnly"), "aoss"
	c.bulk = func(call int, _ []string) (int, string) {
		if call == 1 {
			return http.StatusForbidden, `{"status":403,"error":{"reason":"403 Forbidden","type":"Forbidden"}}`
		}
		return 0, ""
	}
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":1}`)
	require.Equal(t, Stats{Records: 1, Delivered: 1, Retries: 1}, drained(t, s))
	require.Equal(t, map[string]string{"0": `retail-trans {"a":1}`}, c.indexed, "no rotation, and no id")
	require.NotEmpty(t, c.sent.Get("X-Amz-Content-Sha256"))
	require.Contains(t, c.sent.Get("Authorization"), "x-amz-content-sha256")
	require.NotContains(t, c.sent.Get("Authorization"), "content-length")
}

func TestWhatACollectionRefusesIsParked(t *testing.T) {
	c, s, _ := newCloud(t, "")
	c.destination, c.service = serverlessJSON(c.domain.URL, 0, "AllDocuments"), "aoss"
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":"good"}`, `{"a":"poison"}`)
	require.Equal(t, Stats{Records: 2, Delivered: 1, Parked: 1}, drained(t, s))
	_, failed := c.object("search/AmazonOpenSearchService_failed/")
	require.Contains(t, failed, `"esDocumentId":""`)
	require.Len(t, c.objects, 2, "all documents are in the bucket, too")
}

func TestNoRetriesParkAtOnce(t *testing.T) {
	c, s, _ := newCloud(t, searchJSON(1, 0, 0, `,"DocumentIdOptions":{"DefaultDocumentIdFormat":"NO_DOCUMENT_ID"}`))
	c.bulk = func(int, []string) (int, string) { return http.StatusServiceUnavailable, "later" }
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{}`)
	require.Equal(t, Stats{Records: 1, Parked: 1}, drained(t, s))
	_, body := c.object("AmazonOpenSearchService_failed")
	require.Contains(t, body, `"attemptsMade":1`)
	require.Contains(t, body, `"esDocumentId":""`)
}

func TestLakeIsPartitioned(t *testing.T) {
	c, s, _ := newCloud(t, lakeJSON(1))
	c.refusePuts = 1
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"t":"a","n":1}`, `{"t":"b"}`, `{"t":null}`)
	c.put("shard-1", `{"t":"a","n":2}`)
	st := drained(t, s)
	require.EqualValues(t, 3, st.Delivered)
	require.EqualValues(t, 1, st.Parked)
	key, body := c.object("raw/t=a/dt=2026-11-23/d-3-")
	require.True(t, strings.HasSuffix(key, ".gz"), key)
	r, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{`{"t":"a","n":1}`, `{"t":"a","n":2}`, ""}, strings.Split(string(text), "\n"))
	require.Equal(t, "aws:kms", c.headers.Get("X-Amz-Server-Side-Encryption"))
	_, failed := c.object("errors/processing-failed/d-3-")
	require.NotEmpty(t, failed)
	require.Len(t, c.objects, 3)
}

func TestUpdateIsActedOn(t *testing.T) {
	c, s, _ := newCloud(t, searchJSON(1, 900, 5, ""))
	require.NoError(t, s.Create(t.Context(), "d"))
	c.mu.Lock()
	c.destination = strings.Replace(searchJSON(1, 0, 5, ""), "retail-trans", "other", 1)
	c.mu.Unlock()
	require.NoError(t, s.Update(t.Context(), "d"))
	c.put("shard-0", `{}`)
	drained(t, s)
	for _, d := range c.indexed {
		require.Equal(t, "other-2026-11-23 {}", d)
	}
	s.Delete("d")
	require.Empty(t, s.Stats())
	require.ErrorContains(t, s.Update(t.Context(), "d"), "is not at work")
}

func TestWhatIsNotImplementedIsRefused(t *testing.T) {
	for message, destination := range map[string]string{
		"only OpenSearch, OpenSearch Serverless and extended S3": `"SplunkDestinationDescription":{}`,
		"must be the endpoint of a collection":                   serverlessJSON("", 0, "FailedDocumentsOnly"),
		"S3 backup mode is unknown":                              serverlessJSON("https://x", 0, "Never"),
		"type name must be empty":                                searchJSON(1, 0, 5, `,"TypeName":"_doc"`),
		"processing before OpenSearch":                           searchJSON(1, 0, 5, `,"ProcessingConfiguration":{"Enabled":true}`),
		"document id format is unknown":                          searchJSON(1, 0, 5, `,"DocumentIdOptions":{"DefaultDocumentIdFormat":"RANDOM"}`),
		`index rotation "OneYear"`:                               strings.Replace(searchJSON(1, 0, 5, ""), "OneDay", "OneYear", 1),
		"compression Snappy":                                     strings.Replace(lakeJSON(60), "GZIP", "Snappy", 1),
		"at least 64 MB":                                         lakeJSON(0),
		"needs dynamic partitioning":                             strings.Replace(strings.Replace(lakeJSON(60), `"DynamicPartitioningConfiguration":{"Enabled":true}`, `"S3BackupMode":"Disabled"`, 1), "!{partitionKeyFromQuery:t}", "t", 1),
		"backup of an S3 destination":                            strings.Replace(lakeJSON(60), `"CompressionFormat"`, `"S3BackupMode":"Enabled","CompressionFormat"`, 1),
		"format conversion":                                      strings.Replace(lakeJSON(60), `"CompressionFormat"`, `"DataFormatConversionConfiguration":{"Enabled":true},"CompressionFormat"`, 1),
	} {
		_, s, _ := newCloud(t, destination)
		require.ErrorContains(t, s.Create(t.Context(), "d"), message)
	}
}
