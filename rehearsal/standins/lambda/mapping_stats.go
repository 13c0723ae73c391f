package lambda

import (
	"sync"
	"time"
)

// MappingStats of an event source mapping since it was made.
type MappingStats struct {
	// Function is the name of the function, Stream the ARN of the stream.
	Function, Stream string
	// Enabled says that it reads; FanOut, that it has a throughput of its own.
	Enabled, FanOut bool
	// Records that were read; those that a mapping reads again after it was changed count again.
	Records int64
	// Delivered are those the function has taken.
	Delivered int64
	// Parked are those given up and kept in S3, Lost those given up and kept nowhere.
	Parked, Lost int64
	// Calls of the function, and those that failed as a whole or reported records.
	Calls, Failures, PartialFailures int64
	// Retries of whole batches, and batches that were halved instead.
	Retries, Bisected int64
	// Twice are the batches that were delivered a second time, Delayed those that were held back, both by Faults.
	Twice, Delayed int64
	// IteratorAge is how old the last record of the latest batch was when the function had answered.
	IteratorAge time.Duration
	// Ages is how often that was measured.
	Ages int64
	// Working is how old the last record of a batch is that is at work now, the oldest of all; 0 without one.
	Working time.Duration
}

type mappingStats struct {
	mu     sync.Mutex
	values MappingStats
	atWork map[*lane]time.Time // when the last record of its batch came
}

// begin notes the batch that a lane is at, nil when it is done with it.
func (s *mappingStats) begin(l *lane, batch []*record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.atWork == nil {
		s.atWork = map[*lane]time.Time{}
	}
	if len(batch) == 0 {
		delete(s.atWork, l)
		return
	}
	s.atWork[l] = *batch[len(batch)-1].ApproximateArrivalTimestamp
}

func (s *mappingStats) change(f func(*MappingStats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.values)
}

func (s *mappingStats) snapshot() MappingStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	values := s.values
	for _, came := range s.atWork {
		values.Working = max(values.Working, time.Since(came))
	}
	return values
}
