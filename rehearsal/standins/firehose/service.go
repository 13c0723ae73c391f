package firehose

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Options of a service; the zero value has none.
type Options struct {
	// Roots verify the domains' certificates; nil means the system's.
	Roots *x509.CertPool
	// OnRead receives records that were read from the source. OnDelivered receives records that have reached their
	// destination. Neither may block.
	OnRead, OnDelivered func(Batch)
}

// Batch is a set of a delivery stream's records at one moment, as in the source.
type Batch struct {
	// Delivery is the delivery stream's name; Search means that its destination is a domain or a collection.
	Delivery string
	Search   bool
	At       time.Time
	Records  [][]byte
}

// Service runs delivery streams.
type Service struct {
	account account.Account
	client  *api.Client
	log     *slog.Logger
	options Options
	http    *http.Client
	quirks  *quirks
	pace    *pace

	interfaces *interfaces

	mu         sync.Mutex
	deliveries map[string]*running
}

type running struct {
	*delivery
	reader *reader
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// New returns a service for an account's delivery streams.
func New(acc account.Account, log *slog.Logger, o Options) *Service {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 8}
	return &Service{
		account: acc, client: api.NewFromConfig(acc.Config()), log: log.With("service", "firehose"), options: o,
		http: &http.Client{Transport: transport}, interfaces: newInterfaces(acc, log.With("service", "firehose")), deliveries: map[string]*running{}, quirks: &quirks{of: map[string]Quirk{}}, pace: newPace(),
	}
}

// Create starts a delivery stream. After it returns, every new record in the source will be delivered.
func (s *Service) Create(ctx context.Context, name string) error {
	d, err := readStream(ctx, s.client, name)
	if err != nil {
		return err
	}
	log := s.log.With("delivery", name)
	st := &stats{}
	one := &delivery{in: make(chan []record, 16), stats: st, log: log, onDelivered: s.options.OnDelivered, quirks: s.quirks, pace: s.pace}
	one.config.Store(d)
	objects := newBucket(s.account, log, st)
	if d.search != nil {
		one.destination = &search{bucket: objects, account: s.account, http: s.http, quirks: s.quirks, pace: s.pace}
	} else {
		one.destination = lake{objects, s.quirks}
	}
	r := &reader{
		client: kinesis.NewFromConfig(s.account.AsRole(d.sourceRole, "firehose")), stream: streamName(d.streamArn), log: log, out: one.in, took: func(batch []record) {
			st.took(len(batch))
			one.tell(s.options.OnRead, batch)
		},
	}
	if err := r.position(ctx); err != nil {
		return fmt.Errorf("delivery stream %s: %w", name, err)
	}
	running := &running{delivery: one, reader: r}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deliveries[name] != nil {
		return fmt.Errorf("delivery stream %s is at work already", name)
	}
	s.begin(running)
	s.deliveries[name] = running
	return nil
}

// Update applies a changed destination; buffered records are delivered there.
func (s *Service) Update(ctx context.Context, name string) error {
	d, err := readStream(ctx, s.client, name)
	if err != nil {
		return err
	}
	one, ok := s.get(name)
	if !ok {
		return fmt.Errorf("delivery stream %s is not at work", name)
	}
	if old := one.config.Load(); (old.search == nil) != (d.search == nil) || d.search != nil && old.search.service != d.search.service || old.streamArn != d.streamArn {
		return fmt.Errorf("delivery stream %s: its source and the kind of its destination cannot change", name)
	}
	one.config.Store(d)
	return nil
}

// Delete ends a delivery stream; buffered records are lost.
func (s *Service) Delete(name string) {
	s.mu.Lock()
	one := s.deliveries[name]
	delete(s.deliveries, name)
	s.mu.Unlock()
	if one != nil {
		one.stop()
		one.done.Wait()
	}
}

// Close ends every delivery stream.
func (s *Service) Close() {
	for _, name := range s.names() {
		s.Delete(name)
	}
	s.interfaces.close()
}

// Drain waits until everything now in the sources is delivered or parked, at the streams' own pace.
func (s *Service) Drain(ctx context.Context) error {
	var problems []error
	for _, name := range s.names() {
		one, ok := s.get(name)
		if !ok {
			continue
		}
		if err := one.reader.caughtUp(ctx); err != nil {
			problems = append(problems, fmt.Errorf("draining %s: %w", name, err))
			continue
		}
		mark, now := one.stats.snapshot().Records, time.Now()
		for !one.stats.through(mark, now) {
			if pause(ctx, idle/4); ctx.Err() != nil {
				problems = append(problems, fmt.Errorf("draining %s: %d records are undelivered: %w", name, one.stats.snapshot().Undelivered(), ctx.Err()))
				break
			}
		}
	}
	return errors.Join(problems...)
}

// Stats returns every delivery stream's statistics by name.
func (s *Service) Stats() map[string]Stats {
	out := map[string]Stats{}
	for _, name := range s.names() {
		if one, ok := s.get(name); ok {
			out[name] = one.stats.snapshot()
		}
	}
	return out
}

// Readings returns every delivery stream's reading progress by name.
func (s *Service) Readings() map[string]Reading {
	out := map[string]Reading{}
	for _, name := range s.names() {
		if one, ok := s.get(name); ok {
			config := one.config.Load()
			out[name] = Reading{
				Stream: one.reader.stream, Search: config.search != nil, Serverless: config.search != nil && config.search.service == serverless,
				Age: one.reader.age(), Behind: one.reader.behind(), Interval: config.buffer.interval,
			}
		}
	}
	return out
}

func (s *Service) get(name string) (*running, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.deliveries[name]
	return one, ok
}

func (s *Service) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.deliveries))
	for name := range s.deliveries {
		out = append(out, name)
	}
	return out
}
