package opensearch

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	signatureScheme = "AWS4-HMAC-SHA256 "
	signingService  = "es"
	signingTime     = "20060102T150405Z"
	clockSkew       = 5 * time.Minute
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// keys are the temporary credentials the control plane has given out, with the role each stands for.
type keys struct {
	mu    sync.RWMutex
	known map[string]key
}

type key struct {
	role, secret, session string
}

func newKeys() *keys { return &keys{known: map[string]key{}} }

func (k *keys) add(id string, issued key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[id] = issued
}

// signature is what a request's Authorization header says.
type signature struct {
	keyID, date, region, service string
	headers                      []string // lower case
	value                        string
}

// caller verifies a signed request, whose body has been read, and returns the ARN of the role that signed it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
func (k *keys) caller(r *http.Request, body []byte) (string, error) {
	s, err := parseSignature(r.Header.Get("Authorization"))
	if err != nil {
		return "", err
	}
	if s.service != signingService {
		return "", fmt.Errorf("credential should be scoped to correct service: '%s'", signingService)
	}
	k.mu.RLock()
	issued, ok := k.known[s.keyID]
	k.mu.RUnlock()
	if !ok || issued.session != r.Header.Get("X-Amz-Security-Token") {
		return "", errors.New("the security token included in the request is invalid")
	}
	return issued.role, s.verify(r, body, issued)
}

func parseSignature(header string) (signature, error) {
	var s signature
	var scope string
	for part := range strings.SplitSeq(strings.TrimPrefix(header, signatureScheme), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope = value
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		}
	}
	parts := strings.Split(scope, "/")
	if len(parts) != 5 || parts[4] != "aws4_request" || s.value == "" || len(s.headers) == 0 {
		return s, errors.New("authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters")
	}
	s.keyID, s.date, s.region, s.service = parts[0], parts[1], parts[2], parts[3]
	return s, nil
}

// verify signs the same request again with the key's secret, which only its holder and the control plane know.
func (s signature) verify(r *http.Request, body []byte, issued key) error {
	at, err := time.Parse(signingTime, r.Header.Get("X-Amz-Date"))
	if err != nil || at.Format("20060102") != s.date {
		return errors.New("date in the credential scope does not match the header X-Amz-Date")
	}
	if age := time.Since(at); age.Abs() > clockSkew {
		return fmt.Errorf("signature expired: it was made at %s", at.Format(time.RFC3339))
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if stated := r.Header.Get("X-Amz-Content-Sha256"); stated != "" {
		if stated != unsignedPayload && stated != hash {
			return errors.New("the provided 'x-amz-content-sha256' header does not match what was computed")
		}
		hash = stated
	}
	again := s.request(r, len(body))
	credentials := aws.Credentials{AccessKeyID: s.keyID, SecretAccessKey: issued.secret, SessionToken: issued.session}
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials, again, hash, s.service, s.region, at); err != nil {
		return fmt.Errorf("verifying the signature: %w", err)
	}
	expected, err := parseSignature(again.Header.Get("Authorization"))
	if err != nil {
		return fmt.Errorf("verifying the signature: %w", err)
	}
	if !hmac.Equal([]byte(expected.value), []byte(s.value)) {
		return errors.New("the request signature we calculated does not match the signature you provided")
	}
	return nil
}

// request is r with nothing but what its caller signed.
func (s signature) request(r *http.Request, length int) *http.Request {
	target := *r.URL
	target.Scheme, target.Host = "https", r.Host
	again := &http.Request{Method: r.Method, Host: r.Host, URL: &target, Header: http.Header{}}
	for _, name := range s.headers {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = int64(length)
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	return again
}
