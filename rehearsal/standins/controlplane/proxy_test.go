package controlplane

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// started is a proxy in front of a fake moto.
func started(t *testing.T, moto http.HandlerFunc) (*Proxy, string) {
	t.Helper()
	upstream := httptest.NewServer(moto)
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	p := New(target, slog.New(slog.DiscardHandler))
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	return p, front.URL
}

func signed(t *testing.T, method, address, service, body string, header map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	return r
}

func send(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func TestActionIsIdentifiedInEachProtocol(t *testing.T) {
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
	for _, c := range []struct {
		method, path, service, body string
		header                      map[string]string
		want                        Action
	}{
		{"POST", "/", "firehose", "{}", map[string]string{"X-Amz-Target": "Firehose_20150804.CreateDeliveryStream"}, Action{"firehose", "CreateDeliveryStream"}},
		{"POST", "/", "rds", "Action=CreateDBCluster&Version=2014-10-31", form, Action{"rds", "CreateDBCluster"}},
		{"GET", "/?Action=GetCallerIdentity", "sts", "", nil, Action{"sts", "GetCallerIdentity"}},
		{"POST", "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm", "monitoring", "", map[string]string{"Smithy-Protocol": "rpc-v2-cbor"}, Action{"monitoring", "PutMetricAlarm"}},
		{"POST", "/2015-03-31/functions/f/invocations", "lambda", "{}", nil, Action{"lambda", "Invoke"}},
		{"POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/invocations", "lambda", "{}", nil, Action{"lambda", "Invoke"}},
		{"GET", "/2015-03-31/functions/f", "lambda", "", nil, Action{"lambda", "GetFunction"}},
		{"POST", "/2015-03-31/event-source-mappings/", "lambda", "{}", nil, Action{"lambda", "CreateEventSourceMapping"}},
		{"POST", "/2021-01-01/opensearch/domain", "es", "{}", nil, Action{"es", "CreateDomain"}},
		{"GET", "/2021-01-01/opensearch/domain/d", "es", "", nil, Action{"es", "DescribeDomain"}},
		{"POST", "/2021-01-01/opensearch/domain-info", "es", "{}", nil, Action{"es", "DescribeDomains"}},
		{"DELETE", "/2021-01-01/opensearch/domain/d", "es", "", nil, Action{"es", "DeleteDomain"}},
		{"POST", "/2021-01-01/opensearch/domain/d/config", "es", "{}", nil, Action{"es", "UpdateDomainConfig"}},
		{"PUT", "/bucket?policy", "s3", "{}", nil, Action{"s3", "PutBucketPolicy"}},
		{"PUT", "/bucket/a/b?x-id=PutObject", "s3", "x", nil, Action{"s3", "PutObject"}},
		{"GET", "/bucket/a/b?versionId=v&x-id=GetObject", "s3", "", nil, Action{"s3", "GetObjectVersion"}},
		{"GET", "/bucket?list-type=2", "s3", "", nil, Action{"s3", "ListObjects"}},
		{"GET", "/somewhere", "glacier", "", nil, Action{"glacier", ""}},
	} {
		t.Run(c.want.String()+" "+c.path, func(t *testing.T) {
			p, address := started(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_, _ = w.Write(body)
			})
			_, body := send(t, signed(t, c.method, address+c.path, c.service, c.body, c.header))
			require.Equal(t, c.body, body, "what was read to identify the action is forwarded all the same")
			require.Equal(t, map[Caller]map[Action]int{Other: {c.want: 1}}, p.Calls())
		})
	}
}

func TestRequestsAreForwardedUntouched(t *testing.T) {
	var got *http.Request
	_, address := started(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	r := signed(t, "PUT", address+"/bucket/a%2Fb%20c?x=1;y=2&z", "s3", "", map[string]string{"X-Amz-Content-Sha256": "abc"})
	r.Host = "s3.us-east-1.amazonaws.com"
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), -1 // streamed, so the length is unknown
	_, body := send(t, r)
	require.Equal(t, "s3.us-east-1.amazonaws.com", got.Host)
	require.Equal(t, "/bucket/a%2Fb%20c?x=1;y=2&z", got.RequestURI)
	require.Equal(t, "abc", got.Header.Get("X-Amz-Content-Sha256"))
	require.Empty(t, got.Header.Get("X-Forwarded-For"))
	require.True(t, body == string(content), "the streamed body arrived whole: %d of %d bytes", len(body), len(content))
}

func TestCompressedRequestIsUnpackedUnlessItIsAnObject(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte("Action=PutMetricData&Namespace=a"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	p, address := started(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Encoding", r.Header.Get("Content-Encoding"))
		_, _ = w.Write(body)
	})
	header := map[string]string{"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}
	resp, body := send(t, signed(t, "POST", address, "monitoring", packed.String(), header))
	require.Equal(t, "Action=PutMetricData&Namespace=a", body)
	require.Empty(t, resp.Header.Get("Encoding"))
	require.Equal(t, 1, p.Calls()[Other][Action{"monitoring", "PutMetricData"}])

	resp, body = send(t, signed(t, "PUT", address+"/bucket/key", "s3", packed.String(), map[string]string{"Content-Encoding": "gzip"}))
	require.Equal(t, packed.String(), body)
	require.Equal(t, "gzip", resp.Header.Get("Encoding"))

	resp, body = send(t, signed(t, "POST", address, "monitoring", "not packed", header))
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.Contains(t, body, "gzip")
}

func TestHooksSeeAndChangeCalls(t *testing.T) {
	describe := Action{"kinesis", "DescribeStream"}
	target := map[string]string{"X-Amz-Target": "Kinesis_20131202.DescribeStream"}
	status := http.StatusOK
	p, address := started(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = w.Write(append([]byte("moto got "), body...))
	})
	answer := false
	p.Before(describe, func(_ context.Context, c *Call) (bool, error) {
		if answer {
			return true, c.Answer(http.StatusOK, "mine")
		}
		c.RequestBody = []byte("changed")
		return false, nil
	})
	p.After(describe, func(_ context.Context, c *Call) error {
		c.ResponseBody = append(c.ResponseBody, ", and after"...)
		return nil
	})
	_, body := send(t, signed(t, "POST", address, "kinesis", "{}", target))
	require.Equal(t, "moto got changed, and after", body)

	status = http.StatusBadRequest
	_, body = send(t, signed(t, "POST", address, "kinesis", "{}", target))
	require.Equal(t, "moto got changed", body, "After does not run on an error")

	answer = true
	resp, body := send(t, signed(t, "POST", address, "kinesis", "{}", target))
	require.Equal(t, `"mine"`, body)
	require.Equal(t, "application/x-amz-json-1.1", resp.Header.Get("Content-Type"))
}

func TestHookErrorsSpeakTheServicesProtocol(t *testing.T) {
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		action             Action
		method, path, body string
		header             map[string]string
		want               string
	}{
		{Action{"dms", "StartReplicationTask"}, "POST", "/", "{}", map[string]string{"X-Amz-Target": "x.StartReplicationTask"}, `{"__type":"Nope","message":"no \u0026 never"}`},
		{Action{"lambda", "Invoke"}, "POST", "/2015-03-31/functions/f/invocations", "{}", nil, `{"__type":"Nope","message":"no \u0026 never"}`},
		{Action{"rds", "CreateDBCluster"}, "POST", "/", "Action=CreateDBCluster", form, `<ErrorResponse><Error><Type>Sender</Type><Code>Nope</Code><Message>no &amp; never</Message></Error><RequestId>`},
		{Action{"ec2", "CreateVpc"}, "POST", "/", "Action=CreateVpc", form, `<Response><Errors><Error><Code>Nope</Code><Message>no &amp; never</Message></Error></Errors><RequestID>`},
		{Action{"s3", "PutBucketPolicy"}, "PUT", "/b?policy", "", nil, `<Error><Code>Nope</Code><Message>no &amp; never</Message><RequestId>`},
	} {
		t.Run(c.action.String(), func(t *testing.T) {
			p, address := started(t, func(http.ResponseWriter, *http.Request) {})
			p.After(c.action, func(context.Context, *Call) error {
				return &Error{Status: http.StatusConflict, Code: "Nope", Message: "no & never"}
			})
			resp, body := send(t, signed(t, c.method, address+c.path, c.action.Service, c.body, c.header))
			require.Equal(t, http.StatusConflict, resp.StatusCode)
			require.Equal(t, "Nope", resp.Header.Get("X-Amzn-Errortype"))
			require.Contains(t, body, c.want)
		})
	}
}

func TestAnyOtherErrorIsNotWorthRepeating(t *testing.T) {
	p, address := started(t, func(http.ResponseWriter, *http.Request) {})
	p.Before(Action{"es", "CreateDomain"}, func(context.Context, *Call) (bool, error) { return false, errors.New("no server") })
	resp, body := send(t, signed(t, "POST", address+"/2021-01-01/opensearch/domain", "es", "{}", nil))
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.JSONEq(t, `{"__type":"RehearsalFailure","message":"no server"}`, body)
}

func TestRoleIsLearnedFromAssumeRole(t *testing.T) {
	for name, answer := range map[string]string{
		"xml":  `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		"json": `{"AssumeRoleResponse":{"AssumeRoleResult":{"Credentials":{"AccessKeyId":"ASIA1"}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			p, address := started(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
			_, body := send(t, signed(t, "POST", address, "sts", "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdelivery",
				map[string]string{"Content-Type": "application/x-www-form-urlencoded"}))
			require.Equal(t, answer, body)
			role, ok := p.Role("ASIA1")
			require.True(t, ok)
			require.Equal(t, "arn:aws:iam::123456789012:role/delivery", role)
			_, ok = p.Role("ASIA2")
			require.False(t, ok)
		})
	}
}

func TestUnreachableMotoIsSaid(t *testing.T) {
	p := New(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}, slog.New(slog.DiscardHandler))
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	resp, body := send(t, signed(t, "POST", front.URL, "kinesis", "{}", map[string]string{"X-Amz-Target": "x.ListStreams"}))
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.Contains(t, body, "connection refused")
}
