package firehose

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

const role = "arn:aws:iam::123456789012:role/delivery"

// cloud answers the deliveries' AWS calls, and is also the domain's endpoint.
type cloud struct {
	mu          sync.Mutex
	destination string              // the description's destination, JSON
	shards      map[string][]string // records
	read        []string            // records passed to the callback
	objects     map[string][]byte
	refusePuts  int
	bulk        func(call int, documents []string) (status int, body string)
	bulks       int
	indexed     map[string]string // id -> index and document
	headers     http.Header
	service     string      // signing name of requests to the domain; empty means es
	sent        http.Header // header of the last request
	domain      *httptest.Server
}

func newCloud(t *testing.T, destination string) (*cloud, *Service, func() []string) {
	t.Helper()
	c := &cloud{destination: destination, shards: map[string][]string{"shard-0": {"before"}, "shard-1": nil}, objects: map[string][]byte{}, indexed: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(c.control))
	t.Cleanup(server.Close)
	c.domain = httptest.NewTLSServer(http.HandlerFunc(c.serveBulk))
	t.Cleanup(c.domain.Close)
	roots := x509.NewCertPool()
	roots.AddCert(c.domain.Certificate())
	var mu sync.Mutex
	var told []string
	s := New(account.New(server.URL), slog.New(slog.NewTextHandler(t.Output(), nil)), Options{Roots: roots, OnRead: func(b Batch) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range b.Records {
			c.read = append(c.read, string(r))
		}
	}, OnDelivered: func(b Batch) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range b.Records {
			told = append(told, string(r))
		}
	}})
	t.Cleanup(s.Close)
	return c, s, func() []string { mu.Lock(); defer mu.Unlock(); return told }
}

func (c *cloud) put(shard string, records ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shards[shard] = append(c.shards[shard], records...)
}

func (c *cloud) object(fragment string) (key, body string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range c.objects {
		if strings.Contains(k, fragment) {
			return k, string(v)
		}
	}
	return "", ""
}

func (c *cloud) control(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	target := r.Header.Get("X-Amz-Target")
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	switch _, action, _ := strings.Cut(target, "."); {
	case action == "DescribeDeliveryStream":
		fmt.Fprintf(w, `{"DeliveryStreamDescription":{"DeliveryStreamName":"d","VersionId":"3","DeliveryStreamARN":"arn","DeliveryStreamStatus":"ACTIVE","DeliveryStreamType":"KinesisStreamAsSource","HasMoreDestinations":false,
			"Source":{"KinesisStreamSourceDescription":{"KinesisStreamARN":"arn:aws:kinesis:us-east-1:1:stream/s","RoleARN":%q}},"Destinations":[{"DestinationId":"1",%s}]}}`, role, c.destination)
	case action == "ListShards":
		fmt.Fprint(w, `{"Shards":[{"ShardId":"shard-0","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"1"},"SequenceNumberRange":{"StartingSequenceNumber":"0"}},{"ShardId":"shard-1","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"1"},"SequenceNumberRange":{"StartingSequenceNumber":"0"}}]}`)
	case action == "GetShardIterator":
		id := in["ShardId"].(string)
		from := 0
		if in["ShardIteratorType"] == "LATEST" {
			from = len(c.shards[id])
		}
		if in["ShardIteratorType"] == "AT_SEQUENCE_NUMBER" {
			_, _ = fmt.Sscan(in["StartingSequenceNumber"].(string), &from)
		}
		fmt.Fprintf(w, `{"ShardIterator":"%s/%d"}`, id, from)
	case action == "GetRecords":
		id, from, _ := strings.Cut(in["ShardIterator"].(string), "/")
		var n int
		_, _ = fmt.Sscan(from, &n)
		out := map[string]any{"NextShardIterator": fmt.Sprintf("%s/%d", id, len(c.shards[id])), "MillisBehindLatest": 0}
		records := []any{}
		for i, data := range c.shards[id][n:] {
			records = append(records, map[string]any{"Data": []byte(data), "PartitionKey": "k", "SequenceNumber": fmt.Sprint(n + i), "ApproximateArrivalTimestamp": 1795428000})
		}
		out["Records"] = records
		_ = json.NewEncoder(w).Encode(out)
	case r.Method == http.MethodPut:
		if c.refusePuts > 0 {
			c.refusePuts--
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
			body = unchunk(body)
		}
		c.objects[r.URL.Path], c.headers = body, r.Header
	case strings.HasPrefix(r.URL.Path, "/2021-01-01/opensearch/domain/"):
		fmt.Fprintf(w, `{"DomainStatus":{"Endpoints":{"vpc":%q},"ARN":"arn","DomainId":"x","DomainName":"dom","ClusterConfig":{}}}`, strings.TrimPrefix(c.domain.URL, "https://"))
	default: // AssumeRole
		fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	}
}

func unchunk(body []byte) []byte {
	var out []byte
	for {
		head, rest, ok := bytes.Cut(body, []byte("\r\n"))
		var n int
		if _, err := fmt.Sscanf(string(head), "%x", &n); !ok || err != nil || n == 0 {
			return out
		}
		out, body = append(out, rest[:n]...), rest[n+2:]
	}
}

func (c *cloud) serveBulk(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bulks++
	c.sent = r.Header
	if !strings.Contains(r.Header.Get("Authorization"), "AKIDROLE") || !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/"+cmp.Or(c.service, "es")+"/aws4_request") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var documents []string
	for i := 1; i < len(lines); i += 2 {
		documents = append(documents, lines[i])
	}
	if c.bulk != nil {
		if status, answer := c.bulk(c.bulks, documents); status != 0 {
			w.WriteHeader(status)
			fmt.Fprint(w, answer)
			return
		}
	}
	items := []string{}
	for i := 0; i+1 < len(lines); i += 2 {
		var action struct {
			Index struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			} `json:"index"`
		}
		_ = json.Unmarshal([]byte(lines[i]), &action)
		if strings.Contains(lines[i+1], "poison") {
			items = append(items, `{"index":{"status":400,"error":{"type":"mapper_parsing_exception"}}}`)
			continue
		}
		c.indexed[cmp.Or(action.Index.ID, fmt.Sprint(len(c.indexed)))] = action.Index.Index + " " + lines[i+1]
		items = append(items, `{"index":{"status":201}}`)
	}
	fmt.Fprintf(w, `{"errors":false,"items":[%s]}`, strings.Join(items, ","))
}
