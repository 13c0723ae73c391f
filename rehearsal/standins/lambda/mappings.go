package lambda

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Invoker runs functions.
type Invoker interface {
	Invoke(ctx context.Context, nameOrArn string, payload []byte) (Result, error)
}

var _ Invoker = (*Runner)(nil)

// Faults are what happens to a mapping now and then, made to happen always: to test functions against.
type Faults struct {
	// Twice calls the function a second time with every batch that it has taken, as when Lambda did not note that.
	Twice bool
	// Delay holds a shard's next batch back, so that shards are delivered in another order than they were written in.
	Delay func(shard string) time.Duration
}

// Mappings are the event source mappings of Kinesis streams: each reads its stream as Lambda does and calls its function,
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html. Its methods may be called from several goroutines.
type Mappings struct {
	account account.Account
	invoker Invoker
	lambda  *lambda.Client
	log     *slog.Logger
	faults  atomic.Pointer[Faults]
	onRead  func(records [][]byte)
	ctx     context.Context
	cancel  context.CancelFunc

	mu    sync.Mutex
	known map[string]*mapping // by UUID
}

// NewMappings works for the functions of an account. Close ends every mapping.
func NewMappings(acct account.Account, invoker Invoker, log *slog.Logger) *Mappings {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Mappings{
		account: acct, invoker: invoker, lambda: lambda.NewFromConfig(acct.Config()), log: log.With("service", "event source mapping"),
		ctx: ctx, cancel: cancel, known: map[string]*mapping{},
	}
	m.faults.Store(&Faults{})
	return m
}

// Attach makes the control plane's mappings work.
func (m *Mappings) Attach(p *controlplane.Proxy) {
	for name, act := range map[string]func(context.Context, string) error{
		"CreateEventSourceMapping": m.Renew,
		"UpdateEventSourceMapping": m.Renew,
		"DeleteEventSourceMapping": func(_ context.Context, uuid string) error { m.Delete(uuid); return nil },
	} {
		p.After(controlplane.Action{Service: "lambda", Name: name}, func(ctx context.Context, c *controlplane.Call) error {
			var answer struct{ UUID string }
			if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
				return fmt.Errorf("reading the answer to %s: %w", c.Action, err)
			}
			return act(ctx, answer.UUID)
		})
	}
}

// OnRead has f told of records that mappings have read, each again that is read again; f must not block. It is called before there are
// mappings.
func (m *Mappings) OnRead(f func(records [][]byte)) { m.onRead = f }

// Inject makes these faults, and none of those before, in every mapping from its next batch on.
func (m *Mappings) Inject(f Faults) { m.faults.Store(&f) }

// Renew starts a mapping, or has one act on its changed settings. A batch under way is finished first; the place in the
// stream is kept, also while a mapping is disabled.
func (m *Mappings) Renew(ctx context.Context, uuid string) error {
	s, err := m.read(ctx, uuid)
	if err != nil {
		return err
	}
	m.mu.Lock()
	one, ok := m.known[uuid]
	if !ok {
		one = newMapping(m, uuid)
		m.known[uuid] = one
	}
	m.mu.Unlock()
	one.stop()
	return one.start(s)
}

// Delete ends a mapping, after the batch it is at.
func (m *Mappings) Delete(uuid string) {
	m.mu.Lock()
	one := m.known[uuid]
	delete(m.known, uuid)
	m.mu.Unlock()
	if one != nil {
		one.stop()
	}
}

// Close ends every mapping; calls under way fail.
func (m *Mappings) Close() {
	m.cancel()
	for uuid := range m.all() {
		m.Delete(uuid)
	}
}

// Drain waits until everything that is in the streams of enabled mappings now is done with, at the mappings' own pace.
func (m *Mappings) Drain(ctx context.Context) error {
	var problems []error
	for _, one := range m.all() {
		problems = append(problems, one.drain(ctx))
	}
	return errors.Join(problems...)
}

// Stats are every mapping's, by its UUID.
func (m *Mappings) Stats() map[string]MappingStats {
	all := map[string]MappingStats{}
	for uuid, one := range m.all() {
		all[uuid] = one.stats.snapshot()
	}
	return all
}

func (m *Mappings) all() map[string]*mapping {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string]*mapping, len(m.known))
	for uuid, one := range m.known {
		all[uuid] = one
	}
	return all
}

// read is what a mapping declares, and the role of its function.
func (m *Mappings) read(ctx context.Context, uuid string) (*mappingSettings, error) {
	declared, err := m.lambda.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &uuid})
	if err != nil {
		return nil, fmt.Errorf("reading the event source mapping %s: %w", uuid, err)
	}
	s, err := settingsOf(declared)
	if err != nil {
		return nil, fmt.Errorf("event source mapping %s: %w", uuid, err)
	}
	name := bareName(s.function)
	described, err := m.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
	if err != nil {
		return nil, fmt.Errorf("event source mapping %s: %w", uuid, lookUpError(name, err))
	}
	s.role = *described.Configuration.Role
	return s, nil
}

// objects is S3 as the function's role, which Lambda writes to it as.
func (m *Mappings) objects(role string) *s3.Client {
	return s3.NewFromConfig(m.account.As(role, "lambda"), func(o *s3.Options) { o.UsePathStyle = true })
}

// streamArn is the stream of a mapping's source, which may be one of the stream's consumers.
func streamArn(source string) string {
	arn, _, _ := strings.Cut(source, "/consumer/")
	return arn
}
