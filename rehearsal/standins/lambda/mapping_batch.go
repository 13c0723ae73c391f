package lambda

import (
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// attempts is a batch, or the rest of one, with its number of failures.
type attempts struct {
	records []*record
	failed  int
}

// run processes one batch after the other until the mapping stops.
func (l *lane) run() {
	for {
		batch := l.batch()
		if batch == nil {
			return
		}
		if !l.delayed() {
			return
		}
		if !l.workOff(batch) {
			return
		}
	}
}

// delayed delays a batch as the faults say; false when the mapping stops first.
func (l *lane) delayed() bool {
	delay := l.faults.Load().Delay
	if delay == nil {
		return true
	}
	wait := delay(l.shard.id)
	if wait > 0 {
		l.stats.change(func(v *MappingStats) { v.Delayed++ })
	}
	return l.pause(l.halt, wait)
}

// workOff calls the function until every record of a batch is accepted or given up; false when the mapping stops
// first.
func (l *lane) workOff(batch []*record) bool {
	l.stats.begin(l, batch)
	defer l.stats.begin(l, nil)
	wait := &backoff.ExponentialBackOff{InitialInterval: firstRetry, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: lastRetry}
	wait.Reset()
	todo := []attempts{{records: batch}}
	for len(todo) > 0 {
		a := l.expire(todo[0])
		if len(a.records) == 0 {
			todo = todo[1:]
			continue
		}
		taken, throttled := l.call(a.records, a.failed)
		if l.ctx.Err() != nil {
			return false
		}
		if throttled { // which does not count as an attempt
			if !l.pause(l.halt, wait.NextBackOff()) {
				return false
			}
			continue
		}
		l.shard.done(a.records[:taken])
		l.stats.change(func(v *MappingStats) { v.Delivered += int64(taken) })
		if taken == len(a.records) {
			todo = todo[1:]
			wait.Reset()
			continue
		}
		todo = append(l.again(a, taken), todo[1:]...)
		if taken > 0 {
			wait.Reset()
		}
		if len(todo) > 0 && !l.pause(l.halt, wait.NextBackOff()) {
			return false
		}
	}
	return true
}

// again decides how a batch continues after the function accepted only its first records. A batch without progress is
// halved, which does not count as an attempt, or retried until its attempts are used up:
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html and
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html.
func (l *lane) again(a attempts, taken int) []attempts {
	switch left := a.records[taken:]; {
	case taken > 0:
		return []attempts{{records: left}}
	case l.settings.bisect && len(left) > 1:
		l.stats.change(func(v *MappingStats) { v.Bisected++ })
		half := len(left) / 2
		return []attempts{{left[:half], a.failed}, {left[half:], a.failed}}
	case l.settings.retries != never && a.failed >= l.settings.retries:
		l.giveUp(left, "RetryAttemptsExhausted", a.failed+1)
		return nil
	default:
		l.stats.change(func(v *MappingStats) { v.Retries++ })
		return []attempts{{left, a.failed + 1}}
	}
}

// expire gives up records that have become too old.
func (l *lane) expire(a attempts) attempts {
	if l.settings.maxAge == never {
		return a
	}
	n := 0
	for n < len(a.records) && time.Since(*a.records[n].ApproximateArrivalTimestamp) > l.settings.maxAge {
		n++
	}
	if n > 0 {
		l.giveUp(a.records[:n], "RecordAgeExceeded", a.failed)
	}
	return attempts{a.records[n:], a.failed}
}

// call calls the function with a batch and returns how many leading records it accepted; throttled means that it was
// not called.
func (l *lane) call(batch []*record, failed int) (taken int, throttled bool) {
	payload, err := l.event(batch)
	if err != nil {
		l.log.Error("an event cannot be written", "mapping", l.uuid, "error", err)
		return 0, false
	}
	calls := 1
	if l.faults.Load().Twice && failed == 0 {
		calls = 2
	}
	for n := range calls {
		l.stats.change(func(v *MappingStats) { v.Calls++; v.Twice += int64(n) })
		result, err := l.invoker.Invoke(l.ctx, l.settings.function, payload)
		if err != nil {
			if l.ctx.Err() == nil {
				l.log.Warn("the function could not be called", "mapping", l.uuid, "error", err)
			}
			return 0, errors.Is(err, ErrThrottled)
		}
		if taken = l.taken(batch, result); taken < len(batch) {
			break
		}
	}
	last := batch[len(batch)-1]
	l.stats.change(func(v *MappingStats) { v.IteratorAge, v.Ages = time.Since(*last.ApproximateArrivalTimestamp), v.Ages+1 })
	return taken, false
}

// taken parses the function's answer. If it names several failed records, the first counts. If Lambda does not
// understand the answer, all records have failed.
func (l *lane) taken(batch []*record, result Result) int {
	failures, understood := []string(nil), true
	if result.FunctionError == "" && l.settings.partial {
		failures, understood = failedItems(result.Payload)
	}
	if result.FunctionError != "" || !understood {
		l.stats.change(func(v *MappingStats) { v.Failures++ })
		return 0
	}
	if len(failures) == 0 {
		return len(batch)
	}
	l.stats.change(func(v *MappingStats) { v.PartialFailures++ })
	places := map[string]int{}
	for i, r := range batch {
		places[*r.SequenceNumber] = i
	}
	lowest := len(batch)
	for _, number := range failures {
		place, ok := places[number]
		if !ok {
			return 0
		}
		lowest = min(lowest, place)
	}
	return lowest
}
