package firehose

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var arrival = time.Date(2018, 8, 7, 3, 4, 5, 678_000_000, time.UTC)

func TestPrefixes(t *testing.T) {
	v := values{oldest: arrival, errorType: "processing-failed", keys: map[string]string{"schema": "testdb", "table": "a/b"}}
	for _, c := range []struct {
		records, failures       string
		partitioned             bool
		wantRecords, wantErrors string
	}{
		{"", "", false, "2018/08/07/03/", "processing-failed/2018/08/07/03/"},
		{"mine/", "", false, "mine/2018/08/07/03/", "mine/processing-failed/2018/08/07/03/"},
		{"mine/", "failed/", false, "mine/2018/08/07/03/", "failed/2018/08/07/03/"},
		{"y=!{timestamp:yyyy}/x", "e/!{firehose:error-output-type}/!{timestamp:yyyy}/any/!{timestamp:dd}", false, "y=2018/x", "e/processing-failed/2018/any/07"},
		{"raw/schema=!{partitionKeyFromQuery:schema}/t=!{partitionKeyFromQuery:table}/", "e/!{firehose:error-output-type}/", true, "raw/schema=testdb/t=a/b/", "e/processing-failed/"},
		{"!{timestamp:'year='yyyy'/month='MM'/day='dd'/hour='HH}/", "!{firehose:error-output-type}/", false, "year=2018/month=08/day=07/hour=03/", "processing-failed/"},
	} {
		p, err := parsePrefixes(c.records, c.failures, c.partitioned)
		require.NoError(t, err, c.records)
		got, err := p.records.evaluate(v)
		require.NoError(t, err)
		require.Equal(t, c.wantRecords, got)
		got, err = p.errors.evaluate(v)
		require.NoError(t, err)
		require.Equal(t, c.wantErrors, got)
	}
}

func TestPrefixesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		records, failures string
		partitioned       bool
		message           string
	}{
		{"!{timestamp:yyyy", "", false, "is not closed"},
		{"!{timestamp}", "", false, "namespace:value"},
		{"!{timestamp:YYYY}/", "e/!{firehose:error-output-type}/", false, "YYYY is not implemented"},
		{"!{timestamp:'yyyy}/", "e/!{firehose:error-output-type}/", false, "quote is not closed"},
		{"!{firehose:error-output-type}/", "e/", false, "belongs into the error output prefix"},
		{"!{firehose:nothing}/", "e/", false, "there are error-output-type and random-string"},
		{"!{partitionKeyFromLambda:x}/", "e/", true, "namespace is not implemented"},
		{"!{timestamp:yyyy}/", "", false, "must be set"},
		{"x/", "", true, "must be set"},
		{"x/", "e/!{timestamp:yyyy}/", false, "must contain !{firehose:error-output-type}"},
		{"x/", "e/", true, "must contain a partition key"},
		{"!{partitionKeyFromQuery:x}/", "e/", false, "need dynamic partitioning"},
		{"x/", "!{partitionKeyFromQuery:x}/", false, "has no partition keys"},
	} {
		_, err := parsePrefixes(c.records, c.failures, c.partitioned)
		require.ErrorContains(t, err, c.message, c.records)
	}
	p, err := parsePrefix(strings.Repeat("x", 513))
	require.NoError(t, err)
	_, err = p.evaluate(values{})
	require.ErrorContains(t, err, "more than 512")
}

func TestRandomStringsDiffer(t *testing.T) {
	p, err := parsePrefix("!{firehose:random-string}/!{firehose:random-string}")
	require.NoError(t, err)
	got, err := p.evaluate(values{})
	require.NoError(t, err)
	a, b, _ := strings.Cut(got, "/")
	require.Len(t, a, 11)
	require.NotEqual(t, a, b)
}

func TestTextWithoutExpressionsIsItsOwnPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9/=_!{}-]{0,40}`).Draw(t, "text")
		p, err := parsePrefix(text)
		if strings.Contains(text, "!{") {
			return
		}
		got, evalErr := p.evaluate(values{})
		if err != nil || evalErr != nil || got != text {
			t.Fatalf("%q became %q: %v %v", text, got, err, evalErr)
		}
	})
}

func TestQuotedTextInAPatternIsLiteral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zA-Z0-9/={}#\[\] -]{1,20}`).Draw(t, "text")
		p, err := parseJavaPattern("yyyy'" + text + "'dd")
		if err != nil {
			t.Fatal(err)
		}
		if got := p.format(arrival); got != "2018"+text+"07" {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func FuzzParsePrefix(f *testing.F) {
	f.Add("a/!{timestamp:'x='yyyy/MM}/!{partitionKeyFromQuery:k}/!{firehose:random-string}")
	f.Fuzz(func(_ *testing.T, text string) {
		p, err := parsePrefix(text)
		if err != nil {
			return
		}
		_, _ = p.evaluate(values{oldest: arrival, keys: map[string]string{"k": "v"}})
	})
}

func TestJavaPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"yyyy-MM-dd-HH-mm-ss": "2018-08-07-03-04-05", "yy/M/d": "18/8/7", "uuuu": "2018", "DDD": "219", "SSS": "678", "''yyyy": "'2018", "'it''s'": "it's", "H:m": "3:4",
	} {
		p, err := parseJavaPattern(pattern)
		require.NoError(t, err, pattern)
		require.Equal(t, want, p.format(arrival), pattern)
	}
}

func TestIndexRotation(t *testing.T) {
	for rotation, want := range map[types.AmazonopensearchserviceIndexRotationPeriod]string{
		"NoRotation": "i", "OneHour": "i-2026-01-01-23", "OneDay": "i-2026-01-01", "OneWeek": "i-2026-w01", "OneMonth": "i-2026-01", "": "i-2026-01-01",
	} {
		got, err := indexName("i", rotation, time.Date(2026, 1, 1, 18, 0, 0, 0, time.FixedZone("", -5*3600)))
		require.NoError(t, err)
		require.Equal(t, want, got, rotation)
	}
	_, err := indexName("i", "OneYear", arrival)
	require.ErrorContains(t, err, "unknown")
}
