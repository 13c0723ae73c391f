package firehose

import (
	"sync"
	"time"
)

// Stats counts a delivery stream's records since it was made.
type Stats struct {
	// Records counts records that were read from the source.
	Records int64
	// Delivered counts records that reached the destination.
	Delivered int64
	// Parked counts records that were written to S3 because they could not be processed or delivered.
	Parked int64
	// Retries counts repeated requests.
	Retries int64
	// Oldest is the time since the arrival of the oldest buffered record; 0 when none waits.
	Oldest time.Duration
}

// Undelivered counts records that have been read, but neither delivered nor parked.
func (s Stats) Undelivered() int64 { return s.Records - s.Delivered - s.Parked }

type stats struct {
	mu     sync.Mutex
	values Stats
	first  time.Time
}

func (s *stats) change(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.values)
}

func (s *stats) took(n int)             { s.change(func(v *Stats) { v.Records += int64(n) }) }
func (s *stats) retry()                 { s.change(func(v *Stats) { v.Retries++ }) }
func (s *stats) oldest(first time.Time) { s.change(func(*Stats) { s.first = first }) }

func (s *stats) done(delivered, parked int) {
	s.change(func(v *Stats) { v.Delivered += int64(delivered); v.Parked += int64(parked) })
}

// through reports whether this many records were delivered or parked, and no older record waits in a buffer. Newer
// ones may keep arriving.
func (s *stats) through(records int64, by time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values.Delivered+s.values.Parked >= records && (s.first.IsZero() || s.first.After(by))
}

func (s *stats) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.values
	if !s.first.IsZero() {
		v.Oldest = time.Since(s.first)
	}
	return v
}
