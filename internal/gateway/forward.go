package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// forward sends requests to a collection with a signature.
func (g *Gateway) forward(prefix string, to Route) http.Handler {
	collection, err := url.Parse(to.URL)
	if err != nil || collection.Host == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "the gateway's route is no URL of a collection", http.StatusBadGateway)
		})
	}
	return http.StripPrefix(prefix, &httputil.ReverseProxy{
		Transport: g.signed(to),
		ErrorLog:  log.New(io.Discard, "", 0), // refuse reports the error
		Rewrite: func(r *httputil.ProxyRequest) {
			if r.Out.URL.Path == "" {
				r.Out.URL.Path, r.Out.URL.RawPath = "/", ""
			}
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = collection.Scheme, collection.Host, collection.Host
			r.Out.TransferEncoding = nil // the length is known when it is signed
			withoutBrowser(r.Out.Header)
		},
		ModifyResponse: func(r *http.Response) error {
			local(r.Header, collection.Host, prefix)
			return nil
		},
		ErrorHandler: g.refuse,
	})
}

// withoutBrowser removes headers that concern only the browser and the gateway: the password, and the page's origin,
// which is this machine.
func withoutBrowser(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Sec-") {
			h.Del(name)
		}
	}
	for _, name := range []string{"Authorization", "Origin", "Referer"} {
		h.Del(name)
	}
}

// local rewrites redirects and cookies for this machine. Not every browser keeps a Secure cookie for
// http://localhost, and none keeps a cookie for the collection's host.
func local(h http.Header, host, prefix string) {
	h.Del("WWW-Authenticate") // the browser would ask for the gateway's password
	if to, err := url.Parse(h.Get("Location")); err == nil && h.Get("Location") != "" && (to.Host == host || to.Host == "" && to.Path != "") {
		to.Scheme, to.Host, to.User = "", "", nil
		if strings.HasPrefix(to.Path, "/") {
			to.Path = prefix + to.Path
		}
		h.Set("Location", to.String())
	}
	cookies := h.Values("Set-Cookie")
	h.Del("Set-Cookie")
	for _, line := range cookies {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			h.Add("Set-Cookie", line)
			continue
		}
		cookie.Domain, cookie.Secure = "", false
		if cookie.SameSite == http.SameSiteNoneMode { // allowed only for Secure cookies
			cookie.SameSite = http.SameSiteLaxMode
		}
		h.Add("Set-Cookie", cookie.String())
	}
}

// refuse reports an error to the request's sender and to the log.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		http.Error(w, fmt.Sprintf("the gateway takes no request of more than %d bytes", tooLong.Limit), http.StatusRequestEntityTooLarge)
		return
	}
	g.options.Log("%s %s: the collection does not answer: %v", r.Method, r.URL.Path, err)
	http.Error(w, fmt.Sprintf("the collection does not answer: %v", err), http.StatusBadGateway)
}

// pause between two attempts.
const pause = 3 * time.Second

// patient retries requests that a collection refuses with 403, because its data access policy may not be in effect
// yet.
type patient struct {
	http.RoundTripper
	patience time.Duration
}

// RoundTrip retries requests that are safe to repeat.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPut {
		return p.RoundTripper.RoundTrip(r) //nolint:wrapcheck // must be transparent
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
		_ = r.Body.Close()
	}
	for end := time.Now().Add(p.patience); ; {
		again := r.Clone(r.Context())
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		answer, err := p.RoundTripper.RoundTrip(again)
		if err != nil || answer.StatusCode != http.StatusForbidden || time.Now().Add(pause).After(end) {
			return answer, err //nolint:wrapcheck // must be transparent
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // so that the connection is reused
		_ = answer.Body.Close()
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
			return nil, r.Context().Err() //nolint:wrapcheck // like a transport's error
		}
	}
}
