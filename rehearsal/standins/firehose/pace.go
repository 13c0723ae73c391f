package firehose

import (
	"sync/atomic"
	"time"
)

// Pace makes deliveries quicker than they declare to be, where it is not zero: for as long as somebody waits for each of many things in
// turn. Firehose takes buffering hints for hints, too, and may write earlier,
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html.
type Pace struct {
	// Interval is the longest that a record waits in a buffer.
	Interval time.Duration
	// Retry is the longest that a destination is tried with documents that it refuses.
	Retry time.Duration
}

// Hurry sets the pace of all delivery streams; the zero value is as each declares.
func (s *Service) Hurry(p Pace) { s.pace.set(p) }

// pace is what all deliveries of a service share.
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
