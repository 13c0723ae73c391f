// Package drive runs a contender as a process of its own: what it takes of the processor is then its own alone. The same code is compiled
// into an earlier commit of this repository, so it imports nothing but the standard library.
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

// Task is what a contender is told on its standard input, as JSON on one line. The next line starts its clock.
type Task struct {
	// Kind of contender, where a program has several.
	Kind string `json:"kind"`
	// URL of the node, the Authorization header that it takes, and its authority's certificate in PEM.
	URL           string `json:"url"`
	Authorization string `json:"authorization"`
	Authority     string `json:"authority"`
	// Variables are the environment of a contender that is a Lambda function.
	Variables map[string]string `json:"variables"`
	// Workers that write at once.
	Workers int `json:"workers"`
	// Parts is the file of what is to be written, each part at once ([WriteParts]). The first one each worker writes before the clock starts.
	Parts string `json:"parts"`
	// Index that is written, and whether parts are compressed, of a contender who does not decide that himself.
	Index string `json:"index"`
	Gzip  bool   `json:"gzip"`
	// Profile is the file for a profile of the processor; empty for none.
	Profile string `json:"profile"`
}

// Figures are what a contender reports on its standard output.
type Figures struct {
	// ProcessorSeconds of this process while all parts but the first were written.
	ProcessorSeconds float64 `json:"processor_seconds"`
	// Allocations meanwhile, and their bytes.
	Allocations    uint64 `json:"allocations"`
	AllocatedBytes uint64 `json:"allocated_bytes"`
}

// Ready is the line that a contender prints when it could start.
const Ready = "ready"

// Worker writes parts, one after the other.
type Worker interface {
	Write(ctx context.Context, part []byte) error
	// Close is when nothing is left; what the worker still has is written.
	Close(ctx context.Context) error
}

// Times is how often a part is read by a contender that only reads: a record takes so little time that handing it over would count.
const Times = 5000

// Func is a worker that has written a part when it returns.
type Func func(ctx context.Context, part []byte) error

// Write the part.
func (f Func) Write(ctx context.Context, part []byte) error { return f(ctx, part) }

// Close does nothing.
func (Func) Close(context.Context) error { return nil }

// Main is the whole process, with as many workers as the task says.
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
		if err := workers[i].Write(ctx, parts[0]); err != nil { // whoever is called anew has to connect, and to look around
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
	runtime.GC() // of what getting ready has left
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
	_, _ = io.Copy(io.Discard, lines) // until the other end has looked at this process
	return nil
}

// race hands out parts to workers until none is left, or one has failed.
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

// processor time of this process so far, garbage collection included: what one core does, however busy the machine is.
func processor() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it knows itself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// Variable of the environment.
func (t Task) Variable(name string) string { return t.Variables[name] }

// Settled fails unless a function's answer to a batch says that nothing of it has to come again.
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

// Transport is the one of Lambda's functions, which trusts the node and sends the password with each request, in the place of what else
// signs in.
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

// RoundTrip leaves the request as it is, as round trippers must.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", a.header)
	return a.RoundTripper.RoundTrip(r) //nolint:wrapcheck // as if nothing were in between
}
