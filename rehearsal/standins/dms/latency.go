package dms

import (
	"sync"
	"time"
)

// Latency is a task's delay, as DMS measures it,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html: both are 0 when nothing waits. The binlog
// has commit times in whole seconds, so up to a second of each value is rounding; PostgreSQL has microseconds.
type Latency struct {
	// Source is the time from the last transaction's commit until it was captured, if that was in the last minute.
	Source time.Duration
	// Target is the age of the oldest captured transaction that is not in the stream; when there is none, the
	// source's latency.
	Target time.Duration
}

// latency follows transactions from the source to the stream.
type latency struct {
	mu          sync.Mutex
	captured    time.Time // when the last one was captured
	source      time.Duration
	undelivered []time.Time // commit times in the order of the source's log
}

// forgotten is the time after which a captured transaction no longer determines the delay, because DMS publishes
// every minute.
const forgotten = time.Minute

// capture records a transaction read from the source's log.
func (l *latency) capture(committed time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.captured, l.source = time.Now(), max(0, time.Since(committed))
	l.undelivered = append(l.undelivered, committed)
}

// deliver records that the oldest undelivered transaction is in the stream.
func (l *latency) deliver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.undelivered) > 0 {
		l.undelivered = l.undelivered[1:]
	}
}

// reset discards a run's undelivered transactions: the next run captures them again.
func (l *latency) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.undelivered, l.captured = nil, time.Time{}
}

func (l *latency) now() Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	var at Latency
	if time.Since(l.captured) < forgotten {
		at.Source = l.source
	}
	if at.Target = at.Source; len(l.undelivered) > 0 {
		at.Target = max(at.Source, time.Since(l.undelivered[0]))
	}
	return at
}

// Latencies returns the latencies of the running tasks, by ARN.
func (s *Service) Latencies() map[string]Latency {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Latency{}
	for arn, t := range s.tasks {
		t.mu.Lock()
		if t.status == StatusRunning {
			all[arn] = t.stats.latency.now()
		}
		t.mu.Unlock()
	}
	return all
}
