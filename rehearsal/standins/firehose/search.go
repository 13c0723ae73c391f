package firehose

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
)

// search indexes buffers in an OpenSearch domain or collection and parks the rest in S3.
type search struct {
	*bucket
	account  account.Account
	http     *http.Client
	quirks   *quirks
	pace     *pace
	endpoint string // found, and forgotten after a failure
}

// document is a record on its way into an index.
type document struct {
	record
	index, id string
	attempts  int
	code      string // of the last attempt
	message   string
}

// serverless is the signing name for a collection,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-signing.
const serverless = "aoss"

// maxRequest is the smallest limit of a domain on a request's size:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits.
const maxRequest = 10 << 20

func (s *search) write(ctx context.Context, d *declared, b *buffer) (delivered []record, parked int, err error) {
	to := d.search
	waiting := make([]*document, 0, len(b.records))
	for _, r := range b.records {
		index, err := indexName(to.index, to.rotation, r.arrived)
		if err != nil {
			return nil, 0, err
		}
		one := &document{record: r, index: index}
		if to.ownIDs {
			sum := sha256.Sum256([]byte(d.name + "/" + r.id))
			one.id = hex.EncodeToString(sum[:16])
		}
		s.quirks.document(one)
		waiting = append(waiting, one)
	}
	if to.backupAll { // with the documents; it has no hints of its own
		if err := s.backup(ctx, d, b); err != nil {
			return nil, 0, err
		}
	}
	failed, err := s.deliver(ctx, to, waiting)
	if err != nil {
		return nil, 0, err
	}
	if len(failed) > 0 {
		if err := s.park(ctx, d, failed); err != nil {
			return nil, 0, err
		}
	}
	lost := make(map[*document]bool, len(failed))
	for _, one := range failed {
		lost[one] = true
	}
	for _, one := range waiting {
		if !lost[one] {
			delivered = append(delivered, one.record)
		}
	}
	return delivered, len(failed), nil
}

// deliver tries for the retry duration, and returns the documents that still fail.
func (s *search) deliver(ctx context.Context, to *searchDestination, waiting []*document) ([]*document, error) {
	began := time.Now()
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		var failed []*document
		for chunk := range chunks(waiting) {
			failed = append(failed, s.attempt(ctx, to, chunk)...)
		}
		if len(failed) == 0 {
			return nil, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("delivering to OpenSearch: %w", ctx.Err())
		}
		left := s.pace.retry(to.retry) - time.Since(began)
		if left <= 0 {
			return failed, nil
		}
		s.log.Warn("documents are delivered again", "documents", len(failed), "code", failed[0].code, "message", failed[0].message)
		s.stats.retry()
		pause(ctx, min(wait, left))
		waiting = failed
	}
}

// chunks splits documents into requests that a domain accepts.
func chunks(all []*document) func(yield func([]*document) bool) {
	return func(yield func([]*document) bool) {
		start, size := 0, 0
		for i, one := range all {
			n := len(one.data) + len(one.index) + len(one.id) + 64
			if i > start && size+n > maxRequest {
				if !yield(all[start:i]) {
					return
				}
				start, size = i, 0
			}
			size += n
		}
		if start < len(all) {
			yield(all[start:])
		}
	}
}

// attempt sends one _bulk request and returns the refused documents.
func (s *search) attempt(ctx context.Context, to *searchDestination, chunk []*document) []*document {
	refuseAll := func(code, message string) []*document {
		for _, one := range chunk {
			one.code, one.message = code, message
		}
		s.endpoint = ""
		return chunk
	}
	for _, one := range chunk {
		one.attempts++
	}
	status, body, err := s.post(ctx, to, bulk(chunk))
	if err != nil {
		return refuseAll("ConnectionFailed", err.Error())
	}
	if status != http.StatusOK {
		return refuseAll(strconv.Itoa(status), string(body))
	}
	var answer struct {
		Items []map[string]struct {
			Status int             `json:"status"`
			Error  json.RawMessage `json:"error"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Items) != len(chunk) {
		return refuseAll("InvalidAnswer", fmt.Sprintf("%d items for %d documents: %v", len(answer.Items), len(chunk), err))
	}
	var failed []*document
	for i, item := range answer.Items {
		for _, result := range item {
			if result.Status/100 != 2 {
				chunk[i].code, chunk[i].message = strconv.Itoa(result.Status), string(result.Error)
				failed = append(failed, chunk[i])
			}
		}
	}
	return failed
}

// bulk is a request's body. A document must be on one line.
func bulk(chunk []*document) []byte {
	var b bytes.Buffer
	for _, one := range chunk {
		action := map[string]string{"_index": one.index}
		if one.id != "" {
			action["_id"] = one.id
		}
		line, _ := json.Marshal(map[string]any{"index": action}) // strings always have a JSON form
		b.Write(line)
		b.WriteByte('\n')
		if data := bytes.TrimSpace(one.data); bytes.ContainsAny(data, "\r\n") {
			if json.Compact(&b, data) != nil { // invalid JSON: the domain will refuse it
				b.WriteString(strings.NewReplacer("\n", " ", "\r", " ").Replace(string(data)))
			}
		} else {
			b.Write(data)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func (s *search) post(ctx context.Context, to *searchDestination, body []byte) (int, []byte, error) {
	config := s.account.AsRole(to.role, "firehose")
	if s.endpoint == "" {
		found, err := s.find(ctx, config, to)
		if err != nil {
			return 0, nil, err
		}
		s.endpoint = found
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint+"/_bulk", bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("preparing the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	keys, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("assuming the delivery's role: %w", err)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if to.service == serverless { // a collection requires the hash in a signed header, but not the length
		request.Header.Set("X-Amz-Content-Sha256", hash)
		request.ContentLength = 0
	}
	if err := v4.NewSigner().SignHTTP(ctx, keys, request, hash, to.service, account.Region, time.Now()); err != nil {
		return 0, nil, fmt.Errorf("signing the request: %w", err)
	}
	request.ContentLength = int64(len(body))
	response, err := s.http.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("sending: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return response.StatusCode, answer, nil
}

// find asks the control plane for the domain's endpoint, as Firehose does, with the delivery's role.
func (s *search) find(ctx context.Context, config aws.Config, to *searchDestination) (string, error) {
	if to.endpoint != "" {
		return strings.TrimSuffix(to.endpoint, "/"), nil
	}
	name := to.domainArn[strings.LastIndex(to.domainArn, "/")+1:]
	out, err := opensearch.NewFromConfig(config).DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: &name})
	if err != nil {
		return "", fmt.Errorf("looking up the domain %s: %w", name, err)
	}
	host := aws.ToString(out.DomainStatus.Endpoint)
	if inside, ok := out.DomainStatus.Endpoints["vpc"]; ok {
		host = inside
	}
	if host == "" {
		return "", errors.New("the domain has no endpoint yet")
	}
	return "https://" + host, nil
}

// These are the folder below the prefix for failed documents, and their error output type. Both are the same for a
// collection and a domain:
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonOpenSearchServerlessDestinationConfiguration.html.
const (
	failedFolder = "AmazonOpenSearchService_failed/"
	failedType   = "AmazonOpenSearchService-failed"
)

func (s *search) park(ctx context.Context, d *declared, failed []*document) error {
	to := &d.search.backup
	lines := make([][]byte, len(failed))
	oldest := failed[0].arrived
	for i, one := range failed {
		lines[i] = failedRecord{
			AttemptsMade: one.attempts, ArrivalTimestamp: one.arrived.UnixMilli(), ErrorCode: one.code, ErrorMessage: one.message,
			AttemptEndingTimestamp: time.Now().UnixMilli(), RawData: one.data,
			DocumentID: &one.id, IndexName: &one.index, TypeName: aws.String(""),
		}.line()
		if one.arrived.Before(oldest) {
			oldest = one.arrived
		}
	}
	prefix, err := to.prefixes.errors.evaluate(values{oldest: oldest.In(to.zone), errorType: failedType})
	if err != nil {
		return err
	}
	s.log.Error("documents are parked in S3", "documents", len(failed), "prefix", prefix, "code", failed[0].code, "message", failed[0].message)
	return s.put(ctx, d, to, prefix, lines)
}

func (s *search) backup(ctx context.Context, d *declared, b *buffer) error {
	to := &d.search.backup
	prefix, err := to.prefixes.records.evaluate(values{oldest: b.oldest().In(to.zone)})
	if err != nil {
		return err
	}
	return s.put(ctx, d, to, prefix, b.lines)
}
