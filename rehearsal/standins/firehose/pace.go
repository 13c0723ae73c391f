package firehose

import (
	"sync/atomic"
	"time"
)

// Pace makes deliveries faster than declared, where it is not zero, for tests that wait for many things in turn.
// Firehose also treats buffering settings as hints and may write earlier,
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html.
type Pace struct {
	// Interval is the maximum time of a record in a buffer.
	Interval time.Duration
	// Retry is the maximum time of retries for refused documents.
	Retry time.Duration
}

// Hurry sets the pace of all delivery streams; the zero value restores the declared one.
func (s *Service) Hurry(p Pace) { s.pace.set(p) }

// pace is shared by all deliveries of a service.
type pace struct{ now atomic.Pointer[Pace] }

func newPace() *pace {
	p := &pace{}
	p.set(Pace{})
	return p
}

func (p *pace) set(to Pace) { p.now.Store(&to) }

func (p *pace) interval(declared time.Duration) time.Duration {
	return shorter(declared, p.now.Load().Interval)
}

func (p *pace) retry(declared time.Duration) time.Duration {
	return shorter(declared, p.now.Load().Retry)
}

func shorter(declared, limit time.Duration) time.Duration {
	if limit == 0 {
		return declared
	}
	return min(declared, limit)
}
