package dms

import (
	"sync"
	"time"
)

// Latency is how late a task is, as DMS measures it,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html: both are 0 when nothing waits. The binlog tells
// when a transaction was committed in whole seconds, so a second of each is the clock's; PostgreSQL tells microseconds.
type Latency struct {
	// Source is how long after its commit the last transaction was captured, if that was in the last minute.
	Source time.Duration
	// Target is the age of the oldest captured transaction that is not in the stream; the source's latency when all are.
	Target time.Duration
}

// latency follows transactions from the source to the stream.
type latency struct {
	mu          sync.Mutex
	captured    time.Time // when the last one was captured
	source      time.Duration
	undelivered []time.Time // commits, in the order of the source's log
}

// forgotten is when a captured transaction no longer says how late the task is: DMS publishes every minute.
const forgotten = time.Minute

// capture is told of a transaction read from the source's log.
func (l *latency) capture(committed time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.captured, l.source = time.Now(), max(0, time.Since(committed))
	l.undelivered = append(l.undelivered, committed)
}

// deliver is told that the oldest undelivered transaction is in the stream.
func (l *latency) deliver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.undelivered) > 0 {
		l.undelivered = l.undelivered[1:]
	}
}

// reset forgets what a run left undelivered: the next one captures it again.
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

// Latencies of the tasks that run, by ARN.
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
