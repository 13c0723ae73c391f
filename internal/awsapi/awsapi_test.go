package awsapi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
)

// configFor is a configuration that calls a test server.
func configFor(t *testing.T, serve http.HandlerFunc) aws.Config {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "token"),
		BaseEndpoint: aws.String(server.URL), AppID: "tool",
	}
}

func TestQueriesAreSignedForms(t *testing.T) {
	config := configFor(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		require.Equal(t, url.Values{
			"Action": {"DescribeVpcs"}, "Version": {"2016-11-15"}, "Filter.1.Name": {"vpc-id"}, "Filter.1.Value.1": {"a"}, "Filter.1.Value.2": {"b"},
		}, form)
		require.Contains(t, r.Header.Get("Authorization"), "/eu-west-1/ec2/aws4_request, SignedHeaders=")
		require.Equal(t, "token", r.Header.Get("X-Amz-Security-Token"))
		require.Contains(t, r.UserAgent(), "app/tool")
		_, _ = io.WriteString(w, `<R><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></R>`)
	})
	values := url.Values{}
	Filter(values, 0, "vpc-id", "a", "b")
	var found struct {
		IDs []string `xml:"vpcSet>item>vpcId"`
	}
	require.NoError(t, New(config, EC2).Query(t.Context(), "DescribeVpcs", values, &found))
	require.Equal(t, []string{"vpc-1"}, found.IDs)
	require.NoError(t, New(config, EC2).Query(t.Context(), "DescribeVpcs", values, nil))
	var number struct {
		IDs int `xml:"vpcSet>item>vpcId"`
	}
	require.ErrorContains(t, New(config, EC2).Query(t.Context(), "DescribeVpcs", values, &number), "reading the answer of ec2:DescribeVpcs")
}

func TestJSONNamesItsTarget(t *testing.T) {
	config := configFor(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		require.Equal(t, `{"KeyId":"x"}`, string(body))
		require.Equal(t, "TrentService.DescribeKey", r.Header.Get("X-Amz-Target"))
		require.Equal(t, "application/x-amz-json-1.1", r.Header.Get("Content-Type"))
		_, _ = io.WriteString(w, `{"KeyMetadata":{"KeyState":"Enabled"}}`)
	})
	var found struct{ KeyMetadata struct{ KeyState string } }
	require.NoError(t, New(config, KMS).JSON(t.Context(), "DescribeKey", map[string]string{"KeyId": "x"}, &found))
	require.Equal(t, "Enabled", found.KeyMetadata.KeyState)
	require.ErrorContains(t, New(config, KMS).JSON(t.Context(), "DescribeKey", func() {}, &found), "writing the request of kms:DescribeKey")
}

// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
func TestJSONHasTheVersionOfItsProtocol(t *testing.T) {
	config := configFor(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "application/x-amz-json-1.0", r.Header.Get("Content-Type"))
		require.Equal(t, "OpenSearchServerless.ListCollections", r.Header.Get("X-Amz-Target"))
		require.Contains(t, r.Header.Get("Authorization"), "/aoss/aws4_request")
		_, _ = io.WriteString(w, "{}")
	})
	require.NoError(t, New(config, Serverless).JSON(t.Context(), "ListCollections", map[string]string{}, &struct{}{}))
}

func TestGetHasAPathOfItsOwn(t *testing.T) {
	config := configFor(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "GET /2021-01-01/opensearch/versions?maxResults=100", r.Method+" "+r.URL.String())
		require.Contains(t, r.Header.Get("Authorization"), "/es/aws4_request")
		_, _ = io.WriteString(w, `{"Versions":["OpenSearch_2.19"]}`)
	})
	var found struct{ Versions []string }
	require.NoError(t, New(config, OpenSearch).Get(t.Context(), "ListVersions", "/2021-01-01/opensearch/versions", url.Values{"maxResults": {"100"}}, &found))
	require.Equal(t, []string{"OpenSearch_2.19"}, found.Versions)
}

func TestRefusalsAreReadInEveryForm(t *testing.T) {
	for body, want := range map[string]string{
		`<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`: "AccessDenied: no",
		`<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>`:    "UnauthorizedOperation: no",
		`{"__type":"com.amazonaws.kms#AccessDeniedException","Message":"no"}`:                                             "AccessDeniedException: no",
		`{"__type":"NotFoundException:http://internal.amazon.com/coral/","message":"no"}`:                                 "NotFoundException: no",
		`upstream is gone`: "400 Bad Request: upstream is gone",
	} {
		config := configFor(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, body)
		})
		err := New(config, RDS).Query(t.Context(), "DescribeDBClusters", nil, nil)
		require.EqualError(t, err, "calling rds:DescribeDBClusters: "+want)
		var refused smithy.APIError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, smithy.FaultClient, refused.ErrorFault())
		require.Equal(t, want[:3] == "Acc" || want[:3] == "Una", Denied(err))
		require.Equal(t, want[:3] == "Not", Is(err, "NotFoundException"))
	}
	require.False(t, Denied(errors.New("AccessDenied")))
}

func TestTheHeaderNamesTheErrorWhereTheBodyDoesNot(t *testing.T) {
	config := configFor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException:http://internal.amazon.com/coral/")
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"message":"Domain not found"}`)
	})
	err := New(config, OpenSearch).Get(t.Context(), "DescribeDomain", "/x", nil, nil)
	require.True(t, Is(err, "ResourceNotFoundException"))
}

func TestWhatFailsForAMomentIsRepeated(t *testing.T) {
	calls := 0
	config := configFor(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls < 3 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>`)
			return
		}
		_, _ = io.WriteString(w, `<R/>`)
	})
	require.NoError(t, New(config, IAM).Query(t.Context(), "ListRoles", nil, nil))
	require.Equal(t, 3, calls)
	calls = 0
	config.RetryMaxAttempts = 2
	require.ErrorContains(t, New(config, IAM).Query(t.Context(), "ListRoles", nil, nil), "Throttling")
	require.Equal(t, 2, calls)
	calls = -100
	denied := configFor(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusForbidden)
	})
	require.Error(t, New(denied, IAM).Query(t.Context(), "ListRoles", nil, nil))
	require.Equal(t, -99, calls, "a refusal is one for good")
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	require.ErrorContains(t, New(aws.Config{}, EC2).Query(t.Context(), "DescribeVpcs", nil, nil), "no region is set")
	require.ErrorContains(t, New(aws.Config{Region: "us-east-1"}, EC2).Query(t.Context(), "DescribeVpcs", nil, nil), "looking for credentials: the configuration has none")
}
