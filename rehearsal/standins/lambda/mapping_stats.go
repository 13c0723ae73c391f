package lambda

import (
	"sync"
	"time"
)

// MappingStats are the counts of an event source mapping since it was made.
type MappingStats struct {
	// Function is the name of the function, Stream the ARN of the stream.
	Function, Stream string
	// Enabled means that it reads; FanOut means that it has its own throughput.
	Enabled, FanOut bool
	// Records counts records that were read. After a change of the mapping it counts repeated reads again.
	Records int64
	// Delivered counts records that the function accepted.
	Delivered int64
	// Parked counts abandoned records that were stored in S3, Lost those that were stored nowhere.
	Parked, Lost int64
	// Calls counts calls of the function. Failures counts failed calls, including those that reported records.
	Calls, Failures, PartialFailures int64
	// Retries counts repeated whole batches. Bisected counts batches that were halved instead.
	Retries, Bisected int64
	// Twice counts batches that Faults delivered a second time. Delayed counts those that Faults held back.
	Twice, Delayed int64
	// IteratorAge is the age of the latest batch's last record when the function had answered.
	IteratorAge time.Duration
	// Ages is how often that was measured.
	Ages int64
	// Working is the age of the last record of the current batch, the maximum over all; 0 without one.
	Working time.Duration
}

type mappingStats struct {
	mu     sync.Mutex
	values MappingStats
	atWork map[*lane]time.Time // when the last record of its batch arrived
}

// begin notes a lane's current batch; nil when it has finished.
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
