// Package drive runs a contender in a separate process, so that its processor time can be measured alone. The same
// code is compiled into an earlier commit of this repository, so it imports only the standard library.
package drive

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

// Task is what the contender receives on its standard input, as one line of JSON. The next line starts its clock.
type Task struct {
	// Kind selects one of a program's contenders.
	Kind string `json:"kind"`
	// URL is the URL of the node, Authorization the header that it accepts, and Authority its certificate
	// authority in PEM.
	URL           string `json:"url"`
	Authorization string `json:"authorization"`
	Authority     string `json:"authority"`
	// Variables has the environment of a contender that is a Lambda function.
	Variables map[string]string `json:"variables"`
	// Workers is the number of workers that write at the same time.
	Workers int `json:"workers"`
	// Parts is the file with the parts to write ([WriteParts]). A worker writes each part in one call. Each worker
	// writes the first part before the clock starts.
	Parts string `json:"parts"`
	// Index is the index to write, and Gzip tells whether parts are compressed. Contenders that decide this
	// themselves ignore both.
	Index string `json:"index"`
	Gzip  bool   `json:"gzip"`
	// Profile is the file for a processor profile. If it is empty, there is none.
	Profile string `json:"profile"`
}

// Figures is the contender's report on its standard output.
type Figures struct {
	// ProcessorSeconds is the processor time of this process for all parts except the first.
	ProcessorSeconds float64 `json:"processor_seconds"`
	// Allocations counts allocations during that time, and AllocatedBytes their bytes.
	Allocations    uint64 `json:"allocations"`
	AllocatedBytes uint64 `json:"allocated_bytes"`
}

// Ready is the line that a contender prints when it is ready to start.
const Ready = "ready"

// Worker writes parts, one after the other.
type Worker interface {
	Write(ctx context.Context, part []byte) error
	// Close runs after the last part. It writes everything that the worker still holds.
	Close(ctx context.Context) error
}

// Times is how often a contender that only parses reads each part. A single record takes so little time that
// passing it to the worker would distort the result.
const Times = 5000

// Func is a worker that has written a part completely when it returns.
type Func func(ctx context.Context, part []byte) error

// Write writes the part.
func (f Func) Write(ctx context.Context, part []byte) error { return f(ctx, part) }

// Close does nothing.
func (Func) Close(context.Context) error { return nil }

// Main runs the whole process with the task's number of workers.
func Main(worker func(Task) (Worker, error)) {
	if err := run(context.Background(), os.Stdin, os.Stdout, worker); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer, worker func(Task) (Worker, error)) error {
	lines := bufio.NewReader(in)
	told, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the task: %w", err)
	}
	var t Task
	if err := json.Unmarshal(told, &t); err != nil {
		return fmt.Errorf("reading the task: %w", err)
	}
	parts, err := ReadParts(t.Parts)
	if err != nil {
		return err
	}
	workers := make([]Worker, t.Workers)
	for i := range workers {
		if workers[i], err = worker(t); err != nil {
			return err
		}
		if err := workers[i].Write(ctx, parts[0]); err != nil { // the first call connects and reads what it needs
			return fmt.Errorf("writing the first part: %w", err)
		}
	}
	if t.Profile != "" {
		file, err := os.Create(t.Profile)
		if err != nil {
			return fmt.Errorf("making the profile: %w", err)
		}
		defer func() { _ = file.Close() }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return fmt.Errorf("making the profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	runtime.GC() // collects the garbage of the preparation
	if _, err := fmt.Fprintln(out, Ready); err != nil {
		return fmt.Errorf("saying that all is ready: %w", err)
	}
	if _, err := lines.ReadBytes('\n'); err != nil {
		return fmt.Errorf("waiting for the start: %w", err)
	}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	before := processor()
	if err := race(ctx, workers, parts[1:]); err != nil {
		return err
	}
	used := processor() - before
	runtime.ReadMemStats(&is)
	f := Figures{ProcessorSeconds: used.Seconds(), Allocations: is.Mallocs - was.Mallocs, AllocatedBytes: is.TotalAlloc - was.TotalAlloc}
	if err := json.NewEncoder(out).Encode(f); err != nil {
		return fmt.Errorf("reporting: %w", err)
	}
	_, _ = io.Copy(io.Discard, lines) // waits until the parent has read this process's figures
	return nil
}

// race gives parts to workers until none is left or a worker fails.
func race(ctx context.Context, workers []Worker, parts [][]byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	todo := make(chan []byte, len(parts))
	for _, part := range parts {
		todo <- part
	}
	close(todo)
	failed := make([]error, len(workers))
	var group sync.WaitGroup
	for i, w := range workers {
		group.Go(func() {
			if failed[i] = each(ctx, w, todo); failed[i] != nil {
				cancel()
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

func each(ctx context.Context, w Worker, todo <-chan []byte) error {
	for part := range todo {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		if err := w.Write(ctx, part); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	if err := w.Close(ctx); err != nil {
		return fmt.Errorf("writing what is left: %w", err)
	}
	return nil
}

// processor returns the processor time of this process, including garbage collection. It does not depend on other
// load.
func processor() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // reading its own usage cannot fail
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// Variable returns a variable of the environment.
func (t Task) Variable(name string) string { return t.Variables[name] }

// Settled returns an error if a function's answer to a batch asks for any record again.
func Settled(answer []byte, err error) error {
	if err != nil {
		return fmt.Errorf("handling a batch: %w", err)
	}
	var of struct {
		BatchItemFailures []json.RawMessage `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &of); err != nil {
		return fmt.Errorf("reading the answer to a batch: %w", err)
	}
	if len(of.BatchItemFailures) > 0 {
		return fmt.Errorf("a batch was not finished: %s", answer)
	}
	return nil
}

// Transport returns the transport of the Lambda functions. It trusts the node and sends a password with each
// request instead of a signature.
func (t Task) Transport() (http.RoundTripper, error) {
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM([]byte(t.Authority)) {
		return nil, errors.New("the task has no certificate of the node's authority")
	}
	usual, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the default transport was replaced")
	}
	usual = usual.Clone()
	usual.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	return authorized{usual, t.Authorization}, nil
}

type authorized struct {
	http.RoundTripper
	header string
}

// RoundTrip does not change the given request, as http.RoundTripper requires.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", a.header)
	return a.RoundTripper.RoundTrip(r) //nolint:wrapcheck // as if nothing were in between
}
