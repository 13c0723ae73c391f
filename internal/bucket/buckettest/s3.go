// Package buckettest is a fake S3 for the tests of package bucket and its users: objects in memory, with S3's
// conditional writes. Each test chooses the faults and when they happen.
package buckettest

import (
	"cdcpipeline/internal/bucket"
	"crypto/md5" //nolint:gosec // S3 uses MD5 for the ETag of a small object
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Fault is what goes wrong with a request.
type Fault int

// The faults. The SDK retries after all except Conflict and Denied.
const (
	None     Fault = iota
	Conflict       // 409: another change of the object is going on
	Denied         // 403
	Broken         // 503
	Lost           // done, but the answer is lost
	Unsent         // not done, no answer
)

// S3 is a transport for an S3 client, and a server's handler. A request's path consists of bucket and key.
type S3 struct {
	// Now is its clock; nil uses the machine's.
	Now func() time.Time
	// Fault is called before each request; nil means no faults. It may call S3's methods.
	Fault func(method, key string) Fault
	// Page is how many keys a list returns per page; 0 means 1000.
	Page int

	mu      sync.Mutex
	objects map[string]string // by bucket/key
	calls   []string
}

// Bucket returns a bucket of that name, accessed through the SDK, which retries without waiting.
func (s *S3) Bucket(name string) bucket.Bucket {
	return bucket.Bucket{Name: name, S3: s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://s3.test"), UsePathStyle: true, HTTPClient: &http.Client{Transport: s},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), DisableLogOutputChecksumValidationSkipped: true,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})}
}

// Objects returns the objects with a prefix, by key.
func (s *S3) Objects(name, prefix string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]string{}
	for path, content := range s.objects {
		if key, ok := strings.CutPrefix(path, name+"/"); ok && strings.HasPrefix(key, prefix) {
			found[key] = content
		}
	}
	return found
}

// Set writes an object directly, as another writer would.
func (s *S3) Set(name, key, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		s.objects = map[string]string{}
	}
	s.objects[name+"/"+key] = content
}

// Calls returns the received calls, such as "PUT bucket/key".
func (s *S3) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// RoundTrip answers without waiting, so that tests can fake time.
func (s *S3) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err //nolint:wrapcheck // like a transport's error
	}
	answer := httptest.NewRecorder()
	if err := s.answer(answer, r); err != nil {
		return nil, err
	}
	response := answer.Result()
	response.Request = r
	return response, nil
}

func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.answer(w, r) != nil {
		panic(http.ErrAbortHandler)
	}
}

// answer handles a request; an error stands for a broken connection.
func (s *S3) answer(w http.ResponseWriter, r *http.Request) error {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	w.Header().Set("Date", now().UTC().Format(http.TimeFormat))
	path := strings.TrimPrefix(r.URL.Path, "/")
	_, key, _ := strings.Cut(path, "/")
	body, err := io.ReadAll(orEmpty(r.Body))
	if err != nil {
		return fmt.Errorf("reading a request: %w", err)
	}
	fault := None
	if s.Fault != nil {
		fault = s.Fault(r.Method, key)
	}
	switch fault {
	case Conflict:
		refuse(w, http.StatusConflict, "ConditionalRequestConflict")
	case Denied:
		refuse(w, http.StatusForbidden, "AccessDenied")
	case Broken:
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
	case Unsent:
		return errors.New("connection refused")
	case Lost:
		s.serve(httptest.NewRecorder(), r, path, string(body))
		return errors.New("connection reset")
	default:
		s.serve(w, r, path, string(body))
	}
	return nil
}

func orEmpty(body io.Reader) io.Reader {
	if body == nil {
		return strings.NewReader("")
	}
	return body
}

func (s *S3) serve(w http.ResponseWriter, r *http.Request, path, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+path)
	if s.objects == nil {
		s.objects = map[string]string{}
	}
	had, found := s.objects[path]
	switch {
	case r.URL.Query().Get("list-type") == "2":
		s.list(w, r, path)
	case r.Method == http.MethodPut:
		if status, code := refusal(r.Header, had, found); status != 0 {
			refuse(w, status, code)
			return
		}
		s.objects[path] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete:
		delete(s.objects, path)
		w.WriteHeader(http.StatusNoContent)
	case !found:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("ETag", etag(had))
		_, _ = io.WriteString(w, had)
	}
}

// refusal returns the error for a write whose condition fails; status 0 means no error,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
func refusal(header http.Header, had string, found bool) (status int, code string) {
	match := header.Get("If-Match")
	switch {
	case match != "" && !found:
		return http.StatusNotFound, "NoSuchKey"
	case match != "" && match != etag(had), header.Get("If-None-Match") == "*" && found:
		return http.StatusPreconditionFailed, "PreconditionFailed"
	}
	return 0, ""
}

// list returns a page of the keys with a prefix.
func (s *S3) list(w http.ResponseWriter, r *http.Request, path string) {
	type object struct{ Key string }
	page := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []object
	}{}
	name, most, query := strings.TrimSuffix(path, "/")+"/", s.Page, r.URL.Query()
	if most == 0 {
		most = 1000
	}
	for _, path := range slices.Sorted(maps.Keys(s.objects)) {
		key, ok := strings.CutPrefix(path, name)
		if !ok || !strings.HasPrefix(key, query.Get("prefix")) || key <= query.Get("continuation-token") {
			continue
		}
		if len(page.Contents) == most {
			page.IsTruncated, page.NextContinuationToken = true, page.Contents[most-1].Key
			break
		}
		page.Contents = append(page.Contents, object{key})
	}
	_ = xml.NewEncoder(w).Encode(page)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

func etag(content string) string {
	sum := md5.Sum([]byte(content)) //nolint:gosec // as above
	return `"` + hex.EncodeToString(sum[:]) + `"`
}
