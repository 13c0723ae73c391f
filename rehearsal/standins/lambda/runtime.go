package lambda

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// runtimeAPI is the API that a function's process calls:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
type runtimeAPI struct {
	address    string
	next       chan *invocation
	initFailed chan Result
	server     *http.Server

	mu      sync.Mutex
	pending map[string]*invocation
}

// invocation is one event on its way through a process.
type invocation struct {
	id, arn string
	payload []byte
	timeout time.Duration
	result  chan Result // with a buffer for one result
}

func newRuntimeAPI() (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the runtime API: %w", err)
	}
	a := &runtimeAPI{
		address: listener.Addr().String(), next: make(chan *invocation), initFailed: make(chan Result, 1),
		pending: map[string]*invocation{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.handOut)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.takeIn(""))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.takeIn("Unhandled"))
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initError)
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() {
		// It ends with close. Earlier problems show in the function, which then gets no work.
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.initFailed <- unhandled("Runtime.Unknown", err.Error())
		}
	}()
	return a, nil
}

func (a *runtimeAPI) close() { _ = a.server.Close() }

func (a *runtimeAPI) handOut(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case call := <-a.next:
		a.mu.Lock()
		a.pending[call.id] = call
		a.mu.Unlock()
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", call.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(call.timeout).UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", call.arn)
		_, _ = w.Write(call.payload) // a dead process is detected by its exit
	}
}

func (a *runtimeAPI) takeIn(functionError string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		call, ok := a.pending[r.PathValue("id")]
		delete(a.pending, r.PathValue("id"))
		a.mu.Unlock()
		if !ok {
			http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			call.result <- unhandled("Runtime.TruncatedResponse", err.Error())
			return
		}
		call.result <- Result{Payload: body, FunctionError: functionError}
		w.WriteHeader(http.StatusAccepted)
	}
}

func (a *runtimeAPI) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	select {
	case a.initFailed <- Result{Payload: body, FunctionError: "Unhandled"}:
	default: // reporting it once is enough
	}
	w.WriteHeader(http.StatusAccepted)
}
