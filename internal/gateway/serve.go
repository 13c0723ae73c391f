package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP passes a request from this machine with the password to its route.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !g.own(r.Host):
		http.Error(w, "the gateway answers to 127.0.0.1 and localhost alone, with its port", http.StatusForbidden)
	case foreign(r):
		http.Error(w, "the gateway takes no requests of other web pages: type its address into the browser", http.StatusForbidden)
	case !g.signedIn(r):
		w.Header().Set("WWW-Authenticate", `Basic realm="cdc", charset="UTF-8"`)
		http.Error(w, "sign in as "+User+" with the password that was printed where the gateway runs", http.StatusUnauthorized)
	default:
		if route := g.wait(w, r); route != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			route.ServeHTTP(w, r)
		}
	}
}

// own reports whether a request names this machine. Otherwise a stranger's DNS name that leads here would let their
// page read the answers.
func (g *Gateway) own(host string) bool {
	name, port, err := net.SplitHostPort(host)
	return err == nil && port == strconv.Itoa(g.Addr().Port) && (name == "localhost" || name == "127.0.0.1" || name == "::1")
}

// foreign reports whether a browser sends a request for a page of another origin. The browser adds the password once
// it knows it.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site != "none" && site != "same-origin"
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != "http://"+r.Host
}

func (g *Gateway) signedIn(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	given, want := sha256.Sum256([]byte(user+"\x00"+password)), sha256.Sum256([]byte(User+"\x00"+g.options.Password))
	return ok && subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// wait returns a request's route; nil when it has answered that there is none.
func (g *Gateway) wait(w http.ResponseWriter, r *http.Request) http.Handler {
	late := time.NewTimer(routeWait)
	defer late.Stop()
	for {
		route, changed := g.route(r.URL.Path)
		if route != nil {
			return route
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			http.Error(w, "the gateway is ending", http.StatusServiceUnavailable)
			return nil
		case <-late.C:
			http.Error(w, fmt.Sprintf("the gateway has no way to a collection for %s yet: it is made, or reached, later than within %v, or not at all",
				r.URL.Path, routeWait), http.StatusServiceUnavailable)
			return nil
		}
	}
}

func (g *Gateway) route(path string) (http.Handler, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var found http.Handler
	longest := -1
	for prefix, handler := range g.routes {
		if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') && len(prefix) > longest {
			found, longest = handler, len(prefix)
		}
	}
	return found, g.changed
}
