// Package lambda runs the rehearsal's Lambda functions. The uploaded zip runs as a child process with the Lambda
// runtime interface, and with the declared environment and role.
//
// A function has one environment per concurrent invocation. It is kept warm between invocations and replaced when
// code or configuration change. [Mappings] calls functions with a stream's records.
package lambda

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Options configure a Runner.
type Options struct {
	// Env is added to every function's environment, e.g. SSL_CERT_FILE=….
	Env []string
	// LogDir is the folder for a log file per function, NAME.log. Required.
	LogDir string
	// Log is the log of the runner itself. Default: discarded.
	Log *slog.Logger
}

// Runner runs functions. Its methods are safe for concurrent use.
type Runner struct {
	account account.Account
	options Options
	lambda  *lambda.Client
	dir     string // uploaded and unzipped code
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu             sync.Mutex
	functions      map[string]*function
	ownConcurrency map[string]int // reserved concurrency, by function
	onResult       []func(name string, payload []byte)
	onInvoked      []func(Invocation)
}

// function is the runner's state of one function.
type function struct {
	name string

	codeMu sync.Mutex
	zip    string // path of the newest uploaded code

	mu      sync.Mutex
	idle    []*environment // warm environments, the last used at the end
	busy    map[*environment]bool
	deleted bool
}

// New returns a runner that implements Invoke on the proxy. Close ends every function.
func New(acct account.Account, proxy *controlplane.Proxy, options Options) (*Runner, error) {
	if options.LogDir == "" {
		return nil, errors.New("the function runner needs a log folder")
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := os.MkdirTemp("", "functions-")
	if err != nil {
		return nil, fmt.Errorf("making the folder of the functions' code: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Runner{
		account: acct, options: options, lambda: lambda.NewFromConfig(acct.Config()),
		dir: dir, ctx: ctx, cancel: cancel, functions: map[string]*function{}, ownConcurrency: map[string]int{},
	}
	r.attach(proxy)
	return r, nil
}

// OnResult sets a callback for successful invocations, before the caller gets the answer.
func (r *Runner) OnResult(f func(name string, payload []byte)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onResult = append(r.onResult, f)
}

// Invocation is one invocation of a function.
type Invocation struct {
	Function string
	// Took is its duration; Failed means that it ended with an error.
	Took   time.Duration
	Failed bool
	// Throttled means that it was refused and did not run.
	Throttled bool
}

// OnInvocation sets a callback for every invocation.
func (r *Runner) OnInvocation(f func(Invocation)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onInvoked = append(r.onInvoked, f)
}

// Close ends every function and removes its code. Running invocations fail.
func (r *Runner) Close() error {
	r.cancel()
	r.running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.functions {
		f.delete()
	}
	if err := os.RemoveAll(r.dir); err != nil {
		return fmt.Errorf("removing the functions' code: %w", err)
	}
	return nil
}

// Result is an invocation's answer.
type Result struct {
	// Payload is the function's answer, or {"errorMessage","errorType"} when it failed.
	Payload []byte
	// FunctionError is "Unhandled" when the function failed, else empty.
	FunctionError string
}

// Invoke runs a function, given by name or ARN with or without a qualifier, and waits for its answer. A function that
// fails, times out or exits gives a Result; an error means that it could not run. [ErrThrottled] is the error for a
// reserved concurrency of 0; other limits are not enforced:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html.
func (r *Runner) Invoke(ctx context.Context, nameOrArn string, payload []byte) (Result, error) {
	name := bareName(nameOrArn)
	if err := r.ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("invoking %s: the runner is closed: %w", name, err)
	}
	r.running.Add(1)
	defer r.running.Done()
	if r.stopped(name) {
		r.told(Invocation{Function: name, Throttled: true})
		return Result{}, fmt.Errorf("invoking %s: %w", name, ErrThrottled)
	}
	described, err := r.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
	if err != nil {
		return Result{}, lookUpError(name, err)
	}
	f := r.function(name)
	env, err := r.warm(ctx, f, described.Configuration)
	if err != nil {
		return Result{}, err
	}
	began := time.Now()
	f.use(env)
	result, alive, err := env.invoke(ctx, payload)
	f.put(env, alive)
	if err != nil {
		return Result{}, fmt.Errorf("invoking %s: %w", name, err)
	}
	r.told(Invocation{Function: name, Took: time.Since(began), Failed: result.FunctionError != ""})
	if result.FunctionError == "" {
		r.mu.Lock()
		callbacks := r.onResult
		r.mu.Unlock()
		for _, callback := range callbacks {
			callback(name, result.Payload)
		}
	}
	return result, nil
}

func (r *Runner) told(i Invocation) {
	r.mu.Lock()
	callbacks := r.onInvoked
	r.mu.Unlock()
	for _, callback := range callbacks {
		callback(i)
	}
}

// Kill ends a function's working environments immediately and returns their number.
func (r *Runner) Kill(name string) int {
	f := r.function(name)
	f.mu.Lock()
	defer f.mu.Unlock()
	for env := range f.busy {
		env.process.Kill()
	}
	return len(f.busy)
}

// warm returns an idle environment with the function's current code and configuration, or a new one.
func (r *Runner) warm(ctx context.Context, f *function, c *types.FunctionConfiguration) (*environment, error) {
	wanted, err := fingerprint(c)
	if err != nil {
		return nil, err
	}
	if env := f.take(wanted); env != nil {
		return env, nil
	}
	env, err := r.start(ctx, f, c)
	if err != nil {
		return nil, fmt.Errorf("starting the function %s: %w", f.name, err)
	}
	env.fingerprint = wanted
	return env, nil
}

func (r *Runner) function(name string) *function {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.functions[name]
	if !ok {
		f = &function{name: name, busy: map[*environment]bool{}}
		r.functions[name] = f
	}
	return f
}

// take returns a matching idle environment; it ends others.
func (f *function) take(fingerprint string) *environment {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.idle) > 0 {
		env := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if env.fits(fingerprint) {
			return env
		}
		env.stop()
	}
	return nil
}

// use records that an environment works.
func (f *function) use(env *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy[env] = true
}

// put keeps an environment for the next invocation.
func (f *function) put(env *environment, alive bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.busy, env)
	if alive && !f.deleted {
		f.idle = append(f.idle, env)
		return
	}
	env.stop()
}

// delete ends idle environments now, and working ones when they finish.
func (f *function) delete() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deleted = true
	for _, env := range f.idle {
		env.stop()
	}
	f.idle = nil
}

// bareName is the name in NAME, NAME:QUALIFIER, ACCOUNT:function:NAME or an ARN.
func bareName(s string) string {
	if _, rest, ok := strings.Cut(s, "function:"); ok {
		s = rest
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

func lookUpError(name string, err error) error {
	if missing := (*types.ResourceNotFoundException)(nil); errors.As(err, &missing) {
		return &controlplane.Error{Status: http.StatusNotFound, Code: missing.ErrorCode(), Message: missing.ErrorMessage()}
	}
	return fmt.Errorf("looking up the function %s: %w", name, err)
}
