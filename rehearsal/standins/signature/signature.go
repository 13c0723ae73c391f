// Package signature verifies requests signed with roles' temporary credentials. It learns the credentials from the
// control plane's AssumeRole answers, and returns the role that signed.
package signature

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Scheme is the prefix of a signed request's Authorization header.
const Scheme = "AWS4-HMAC-SHA256 "

const (
	signingTime     = "20060102T150405Z"
	clockSkew       = 5 * time.Minute
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// Keys are the temporary credentials that the control plane issued, with their roles.
type Keys struct {
	mu    sync.RWMutex
	known map[string]Key
}

// Key is one of them.
type Key struct {
	// Role is the role's ARN.
	Role, Secret, Session string
}

// New returns an empty set of keys.
func New() *Keys { return &Keys{known: map[string]Key{}} }

// Add adds a key.
func (k *Keys) Add(id string, issued Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[id] = issued
}

// Hooks lets others take part in a control plane's calls.
type Hooks interface {
	After(controlplane.Action, controlplane.AfterFunc)
}

// Attach learns every key that the control plane issues from now on.
func (k *Keys) Attach(h Hooks) {
	h.After(controlplane.Action{Service: "sts", Name: "AssumeRole"}, k.assumed)
}

// signature is a parsed Authorization header.
type signature struct {
	keyID, date, region, service string
	headers                      []string // lower case
	value                        string
}

// Caller verifies a request that is signed for a service and whose body has been read. It returns the ARN of the role
// that signed it. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
func (k *Keys) Caller(r *http.Request, body []byte, service string) (string, error) {
	s, err := parseSignature(r.Header.Get("Authorization"))
	if err != nil {
		return "", err
	}
	if s.service != service {
		return "", fmt.Errorf("credential should be scoped to correct service: '%s'", service)
	}
	k.mu.RLock()
	issued, ok := k.known[s.keyID]
	k.mu.RUnlock()
	if !ok || issued.Session != r.Header.Get("X-Amz-Security-Token") {
		return "", errors.New("the security token included in the request is invalid")
	}
	return issued.Role, s.verify(r, body, issued)
}

// Headers are the names, in lower case, of the headers that a request's signature covers; none without a signature.
func Headers(r *http.Request) []string {
	s, err := parseSignature(r.Header.Get("Authorization"))
	if err != nil {
		return nil
	}
	return s.headers
}

func parseSignature(header string) (signature, error) {
	var s signature
	var scope string
	for part := range strings.SplitSeq(strings.TrimPrefix(header, Scheme), ",") {
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
func (s signature) verify(r *http.Request, body []byte, issued Key) error {
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
	credentials := aws.Credentials{AccessKeyID: s.keyID, SecretAccessKey: issued.Secret, SessionToken: issued.Session}
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

// request is r with only the signed parts.
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

// assumed learns the role of the keys in an AssumeRole answer.
func (k *Keys) assumed(_ context.Context, c *controlplane.Call) error {
	form, err := url.ParseQuery(string(c.RequestBody))
	if err != nil {
		return fmt.Errorf("reading an AssumeRole request: %w", err)
	}
	issued, err := assumedCredentials(c.ResponseBody)
	if err != nil {
		return err
	}
	k.Add(issued.AccessKeyID, Key{Role: form.Get("RoleArn"), Secret: issued.SecretAccessKey, Session: issued.SessionToken})
	return nil
}

// credentials has STS's form: XML, or JSON if the caller requested it.
type credentials struct {
	AccessKeyID     string `xml:"AccessKeyId" json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
}

func assumedCredentials(answer []byte) (credentials, error) {
	var inXML struct {
		Credentials credentials `xml:"AssumeRoleResult>Credentials"`
	}
	if err := xml.Unmarshal(answer, &inXML); err == nil {
		return inXML.Credentials, nil
	}
	var inJSON struct {
		AssumeRoleResponse struct {
			AssumeRoleResult struct{ Credentials credentials }
		}
	}
	if err := json.Unmarshal(answer, &inJSON); err != nil {
		return credentials{}, fmt.Errorf("reading an AssumeRole answer, which is neither XML nor JSON: %w", err)
	}
	return inJSON.AssumeRoleResponse.AssumeRoleResult.Credentials, nil
}
