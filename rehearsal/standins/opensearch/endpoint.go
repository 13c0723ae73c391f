package opensearch

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/bulk"
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/standins/signature"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	rolesPath    = "/_plugins/_security/api/roles/"
	mappingsPath = "/_plugins/_security/api/rolesmapping/"
	ismPath      = "/_plugins/_ism/"

	signingService = "es"
)

// ServeHTTP is the domain's endpoint. A password passes to the node. A valid signature becomes the caller's role.
// Other requests are anonymous, and the node refuses them.
func (d *Domain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "reading the request: "+err.Error())
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	caller, err := d.authenticate(r, body)
	if err != nil {
		d.Log.Warn("a signature was refused", "path", r.URL.Path, "reason", err)
		refuse(w, http.StatusForbidden, sentence(err))
		return
	}
	switch {
	case strings.HasPrefix(r.URL.Path, ismPath):
		d.serveISM(w, r, body)
	case r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, rolesPath):
		d.prober.learn(strings.TrimPrefix(r.URL.Path, rolesPath), body)
		d.Forward(w, r)
	case r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, mappingsPath):
		d.probeAround(w, r, body)
	case bulk.Is(r):
		d.serveBulk(w, r, body, caller)
	default:
		d.Forward(w, r)
	}
}

// errExpired is AWS's error for expired temporary credentials.
var errExpired = errors.New("the security token included in the request is expired")

// authenticate replaces the caller's header by one for the node, and returns the ARN of the caller's role, if any.
// Only the endpoint makes tokens, so a token from outside has no effect.
func (d *Domain) authenticate(r *http.Request, body []byte) (caller string, err error) {
	header := r.Header.Get("Authorization")
	switch {
	case strings.HasPrefix(header, signature.Scheme) && d.throttle.faults.Load().Expired:
		return "", errExpired
	case strings.HasPrefix(header, signature.Scheme):
		role, err := d.domains.keys.Caller(r, body, signingService)
		if err != nil {
			return "", err
		}
		token, err := d.Node().Authorization(role, role)
		if err != nil {
			return "", fmt.Errorf("introducing %s to the node: %w", role, err)
		}
		r.Header.Set("Authorization", token)
		r.Header.Del("X-Amz-Security-Token") // the answer must not repeat temporary credentials
		return role, nil
	case !strings.HasPrefix(header, "Basic "):
		r.Header.Del("Authorization")
	}
	return "", nil
}

// sentence capitalises Go's lower-case message as the service does.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// refuse answers as the Amazon service does.
func refuse(w http.ResponseWriter, status int, message string) {
	front.Answer(w, status, map[string]any{"message": message})
}

// statusWriter records an answer's status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader passes the status on.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the reverse proxy flush.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
