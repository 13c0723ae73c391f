package bench

import (
	"bytes"
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// function makes the function like its main program does, with its defaults, its own connections and signed
// requests. The node accepts a password instead of the signature, and the registry is in memory.
func (b *bench) function(shards int, around func(http.RoundTripper) http.RoundTripper) (*currentstate.Function, error) {
	environment := map[string]string{"SEARCH_ENDPOINT": b.node.URL, "PARKING_BUCKET": "none", "INDEX_SHARDS": strconv.Itoa(shards), "INDEX_REPLICAS": "0"}
	settings, err := currentstate.ReadSettings(func(name string) string { return environment[name] })
	if err != nil {
		return nil, fmt.Errorf("reading the function's settings: %w", err)
	}
	settings.Tables = []currentstate.Table{described()}
	send := http.RoundTripper(authorized{b.transport(), b.login})
	if around != nil {
		send = around(send)
	}
	objects := &buckettest.S3{Fault: func(_, key string) buckettest.Fault {
		if strings.HasPrefix(key, settings.Prefix) {
			return buckettest.Denied // all records are valid, so none may be parked
		}
		return buckettest.None
	}}
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", "")}
	return currentstate.New(settings, currentstate.Deps{
		Domain: opensearch.Client{URL: settings.Endpoint, Transport: opensearch.Signed(cfg, opensearch.Domain, send)}, Bucket: objects.Bucket(settings.Bucket), Metrics: io.Discard, Log: slog.New(slog.DiscardHandler),
	})
}

// transport returns the transport of the Lambda functions. It trusts the node.
func (b *bench) transport() *http.Transport {
	t, _ := http.DefaultTransport.(*http.Transport) // nobody has replaced it
	t = t.Clone()
	t.TLSClientConfig = b.node.TLS()
	return t
}

// authorized adds a password to requests.
type authorized struct {
	http.RoundTripper
	login string
}

// RoundTrip does not change the given request, as http.RoundTripper requires.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", a.login)
	return a.RoundTripper.RoundTrip(r) //nolint:wrapcheck // as if nothing were in between
}

// handle calls the function with a batch, which it must settle completely.
func handle(ctx context.Context, f *currentstate.Function, batch events.KinesisEvent) error {
	answer, err := f.Handle(ctx, batch)
	if err != nil {
		return fmt.Errorf("handling a batch: %w", err)
	}
	if len(answer.BatchItemFailures) > 0 {
		return errors.New("a batch was not finished")
	}
	return nil
}

// recorder records the function's bulk requests and does not send them.
type recorder struct {
	http.RoundTripper
	lines bytes.Buffer
}

// RoundTrip answers that every document was written.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Path != "/_bulk" {
		return r.RoundTripper.RoundTrip(request) //nolint:wrapcheck // as if nothing were in between
	}
	body, err := gzip.NewReader(request.Body)
	if err != nil {
		return nil, fmt.Errorf("reading a bulk request: %w", err)
	}
	before := r.lines.Len()
	if _, err := r.lines.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("reading a bulk request: %w", err)
	}
	documents := bytes.Count(r.lines.Bytes()[before:], []byte("\n")) / 2
	items := strings.TrimSuffix(strings.Repeat(`{"index":{"status":201}},`, documents), ",")
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"items":[` + items + `]}`))}, nil
}
