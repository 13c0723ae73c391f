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

// Faults are rare problems of a mapping that can be forced, to test functions.
type Faults struct {
	// Twice calls the function again with every accepted batch, as if Lambda had not stored the progress.
	Twice bool
	// Delay delays a shard's next batch, so that shards are delivered in another order than they were written.
	Delay func(shard string) time.Duration
}

// Mappings are the event source mappings of Kinesis streams. Each reads its stream and calls its function like
// Lambda, https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html. The methods are safe for concurrent use.
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

// NewMappings returns mappings for an account's functions. Close ends all of them.
func NewMappings(acct account.Account, invoker Invoker, log *slog.Logger) *Mappings {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Mappings{
		account: acct, invoker: invoker, lambda: lambda.NewFromConfig(acct.Config()), log: log.With("service", "event source mapping"),
		ctx: ctx, cancel: cancel, known: map[string]*mapping{},
	}
	m.faults.Store(&Faults{})
	return m
}

// Attach implements the control plane's mappings.
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

// OnRead sets the callback for records that mappings have read, including repeated reads; f must not block. Call it
// before there are mappings.
func (m *Mappings) OnRead(f func(records [][]byte)) { m.onRead = f }

// Inject replaces the faults of every mapping from its next batch on.
func (m *Mappings) Inject(f Faults) { m.faults.Store(&f) }

// Renew starts a mapping, or applies its changed settings. It finishes the current batch first. The position in the
// stream is kept, even while a mapping is disabled.
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

// Delete ends a mapping after its current batch.
func (m *Mappings) Delete(uuid string) {
	m.mu.Lock()
	one := m.known[uuid]
	delete(m.known, uuid)
	m.mu.Unlock()
	if one != nil {
		one.stop()
	}
}

// Close ends every mapping; running calls fail.
func (m *Mappings) Close() {
	m.cancel()
	for uuid := range m.all() {
		m.Delete(uuid)
	}
}

// Drain waits until everything now in the streams of enabled mappings is finished, at the mappings' own pace.
func (m *Mappings) Drain(ctx context.Context) error {
	var problems []error
	for _, one := range m.all() {
		problems = append(problems, one.drain(ctx))
	}
	return errors.Join(problems...)
}

// Stats returns every mapping's counts by UUID.
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

// read returns a mapping's declaration and its function's role.
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

// objects is an S3 client with the function's role, with which Lambda writes.
func (m *Mappings) objects(role string) *s3.Client {
	return s3.NewFromConfig(m.account.AsRole(role, "lambda"), func(o *s3.Options) { o.UsePathStyle = true })
}

// streamArn returns the ARN of a mapping's stream. The mapping's source may be a consumer of that stream.
func streamArn(source string) string {
	arn, _, _ := strings.Cut(source, "/consumer/")
	return arn
}
