package page

import (
	"bytes"
	"cdcpipeline/rehearsal/report"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// Live is the present activity of a running pipeline.
type Live struct {
	Since   time.Time
	Hops    []LiveHop
	Changes []Change
}

// LiveHop is an arrow of the picture: the total number of records, and the number in each of the last seconds, the
// latest last.
type LiveHop struct {
	From, To string
	Total    int64
	Rates    []int64
}

// Change is a change that has become searchable.
type Change struct {
	At                    time.Time
	Operation, Table, Key string
}

// refresh is the live page's reload interval in seconds.
const refresh = 2

// Serve shows a running pipeline, only to this machine, at the returned address until the context ends. It refuses
// requests that name another host, so that a foreign page cannot read it under a name that leads here.
func Serve(ctx context.Context, now func() (report.Whole, *Live)) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("opening the live page: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", errors.Join(fmt.Errorf("opening the live page: %w", err), listener.Close())
	}
	server := &http.Server{Handler: Handler(port, now), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	return "http://127.0.0.1:" + port + "/", nil
}

// Handler serves the live page for requests to loopback at a port.
func Handler(port string, now func() (report.Whole, *Live)) http.Handler {
	hosts := []string{"127.0.0.1:" + port, "localhost:" + port}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		var text bytes.Buffer
		whole, live := now()
		if err := Render(&text, whole, live); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", Policy()+"; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write(text.Bytes())
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(hosts, r.Host) {
			http.Error(w, "this page is at "+hosts[0], http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// flows of the picture while the pipeline runs.
func (l *Live) flows() map[string]flow {
	at := map[string]flow{}
	for _, h := range l.Hops {
		f := flow{lines: []string{count(h.rate()) + "/s", count(h.Total)}}
		f.words = fmt.Sprintf("%s to %s: %s records in the last second, %s in all", named(h.From), named(h.To), count(h.rate()), count(h.Total))
		at[h.From+" "+h.To] = f
	}
	return at
}

// rate in the last second.
func (h *LiveHop) rate() int64 {
	if len(h.Rates) == 0 {
		return 0
	}
	return h.Rates[len(h.Rates)-1]
}

// liveView is the page's content beside the picture.
type liveView struct {
	Hops    []liveRow
	Changes []liveChange
}

// liveRow is an arrow with a line of its rates.
type liveRow struct{ Name, Rate, Most, Spark string }

type liveChange struct{ At, Operation, Table, Key string }

// The line of rates.
const sparkWidth, sparkHeight = 160.0, 26.0

func (l *Live) view() *liveView {
	v := &liveView{}
	for _, h := range l.Hops {
		r := liveRow{Name: named(h.From) + " → " + named(h.To), Rate: count(h.rate()), Most: "0"}
		if len(h.Rates) > 1 {
			most := slices.Max(h.Rates)
			r.Most = count(most)
			var points []string
			for i, rate := range h.Rates {
				x, y := sparkWidth*float64(i)/float64(len(h.Rates)-1), sparkHeight-1-(sparkHeight-2)*float64(rate)/float64(max(most, 1))
				points = append(points, fmt.Sprintf("%.1f %.1f", x, y))
			}
			r.Spark = path("", points).Path
		}
		v.Hops = append(v.Hops, r)
	}
	for _, c := range slices.Backward(l.Changes) {
		v.Changes = append(v.Changes, liveChange{c.At.Format("15:04:05.0"), c.Operation, c.Table, c.Key})
	}
	return v
}
