// Package controlplane is the one AWS endpoint of the rehearsal: a plain HTTP proxy on loopback in front of moto.
//
// Everything passes unchanged and streaming, unless an action has a hook. Hooks let parts of the rehearsal (Lambda,
// OpenSearch, DMS, Firehose) implement what a control plane alone cannot do. The proxy also remembers which role each
// issued key belongs to, so that a signed request's caller is known.
package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
)

// Call is a request and, once moto or a hook has answered, its answer.
type Call struct {
	Action
	// Request as received; its body has been moved to RequestBody.
	Request *http.Request
	// RequestBody may be changed by a Before hook.
	RequestBody []byte
	// Status, Header and ResponseBody are the answer.
	Status       int
	Header       http.Header
	ResponseBody []byte
}

// BeforeFunc sees a call before moto. To answer it, it sets Status (0 means 200) and ResponseBody and returns true.
type BeforeFunc = func(ctx context.Context, c *Call) (handled bool, err error)

// AdmitFunc checks a call before anything else. Its error is the answer.
type AdmitFunc = func(ctx context.Context, c *Call) error

// AfterFunc sees moto's answer before the caller, and may change it.
type AfterFunc = func(ctx context.Context, c *Call) error

// Proxy is an http.Handler that forwards AWS API calls to moto. Its methods are safe for concurrent use.
type Proxy struct {
	log     *slog.Logger
	forward *httputil.ReverseProxy
	server  http.Server

	mu     sync.RWMutex
	admit  map[Caller]AdmitFunc
	before map[Action][]BeforeFunc
	after  map[Action][]AfterFunc
	calls  map[Caller]map[Action]int
	roles  map[string]string // access key id -> role ARN
}

// New returns a proxy in front of the moto server at that URL.
func New(moto *url.URL, log *slog.Logger) *Proxy {
	p := &Proxy{
		log:    log,
		admit:  map[Caller]AdmitFunc{},
		before: map[Action][]BeforeFunc{},
		after:  map[Action][]AfterFunc{},
		calls:  map[Caller]map[Action]int{},
		roles:  map[string]string{},
	}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = moto.Scheme, moto.Host
			r.Out.URL.RawQuery = r.In.URL.RawQuery // as signed: Rewrite's copy lacks what Go considers invalid
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{}).DialContext,
			MaxIdleConnsPerHost: 128,
			DisableCompression:  true,
		},
		ModifyResponse: p.answered,
		ErrorHandler:   p.failed,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	p.server.Handler = p
	p.After(Action{"sts", "AssumeRole"}, p.learnRole)
	return p
}

// Admit makes f check every call of a caller.
func (p *Proxy) Admit(caller Caller, f AdmitFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.admit[caller] = f
}

// Before makes f run before moto sees the action. Hooks run in the order of registration, until one answers.
func (p *Proxy) Before(a Action, f BeforeFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before[a] = append(p.before[a], f)
}

// After makes f run when moto answered the action with 2xx. Hooks run in the order of registration.
func (p *Proxy) After(a Action, f AfterFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.after[a] = append(p.after[a], f)
}

// Role is the ARN of the role whose temporary credentials have this access key.
func (p *Proxy) Role(accessKeyID string) (roleArn string, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	roleArn, ok = p.roles[accessKeyID]
	return roleArn, ok
}

// Calls counts each caller's calls of each action.
func (p *Proxy) Calls() map[Caller]map[Action]int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	calls := map[Caller]map[Action]int{}
	for caller, actions := range p.calls {
		calls[caller] = maps.Clone(actions)
	}
	return calls
}

// Serve answers on l until Close.
func (p *Proxy) Serve(l net.Listener) error {
	if err := p.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the AWS endpoint: %w", err)
	}
	return nil
}

// Close ends Serve and every open connection.
func (p *Proxy) Close() error {
	if err := p.server.Close(); err != nil {
		return fmt.Errorf("closing the AWS endpoint: %w", err)
	}
	return nil
}

type callKey struct{}

// ServeHTTP forwards one request with its hooks.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action, err := identify(r)
	if err != nil {
		writeError(w, r, action, err)
		return
	}
	if action.Name == "" {
		p.log.Warn("an operation that the route table does not name", "service", action.Service, "method", r.Method, "path", r.URL.Path)
	}
	p.log.Debug("call", "action", action.String(), "path", r.URL.Path)
	admit, before, hooked := p.begin(callerOf(r), action)
	if !hooked {
		p.forward.ServeHTTP(w, r)
		return
	}
	call := &Call{Action: action, Request: r, Header: http.Header{}}
	if call.RequestBody, err = io.ReadAll(r.Body); err != nil {
		writeError(w, r, action, fmt.Errorf("reading the request: %w", err))
		return
	}
	if admit != nil {
		if err := admit(r.Context(), call); err != nil {
			p.log.Warn("refused", "action", action.String(), "error", err)
			writeError(w, r, action, err)
			return
		}
	}
	for _, f := range before {
		handled, err := f(r.Context(), call)
		if err != nil {
			p.log.Warn("hook failed", "action", action.String(), "error", err)
			writeError(w, r, action, err)
			return
		}
		if handled {
			writeAnswer(w, call)
			return
		}
	}
	setBody(r, call.RequestBody)
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, call)))
}

// begin counts a call and returns its check and its hooks.
func (p *Proxy) begin(caller Caller, a Action) (admit AdmitFunc, before []BeforeFunc, hooked bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[caller] == nil {
		p.calls[caller] = map[Action]int{}
	}
	p.calls[caller][a]++
	admit, before = p.admit[caller], p.before[a]
	return admit, before, admit != nil || len(before)+len(p.after[a]) > 0
}

// answered runs the After hooks on moto's answer.
func (p *Proxy) answered(resp *http.Response) error {
	call, hooked := resp.Request.Context().Value(callKey{}).(*Call)
	if !hooked || resp.StatusCode/100 != 2 {
		return nil
	}
	p.mu.RLock()
	after := p.after[call.Action]
	p.mu.RUnlock()
	if len(after) == 0 {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading moto's answer: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("reading moto's answer: %w", err)
	}
	call.Status, call.Header, call.ResponseBody = resp.StatusCode, resp.Header, body
	for _, f := range after {
		if err := f(resp.Request.Context(), call); err != nil {
			p.log.Warn("hook failed", "action", call.String(), "error", err)
			return err
		}
	}
	resp.StatusCode, resp.Status = call.Status, ""
	resp.Header.Set("Content-Length", strconv.Itoa(len(call.ResponseBody)))
	resp.ContentLength, resp.TransferEncoding = int64(len(call.ResponseBody)), nil
	resp.Body = io.NopCloser(bytes.NewReader(call.ResponseBody))
	return nil
}

// failed answers when moto is unreachable, or a hook refused its answer.
func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	action := Action{}
	if call, hooked := r.Context().Value(callKey{}).(*Call); hooked {
		action = call.Action
	} else if a, idErr := identify(r); idErr == nil {
		action = a
	}
	writeError(w, r, action, err)
}

func setBody(r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
}
