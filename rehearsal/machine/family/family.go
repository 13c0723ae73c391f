// Package family watches the descendant processes of this one: their total memory and processor time, and whether any
// is left.
package family

import (
	"context"
	"os"
	"sync/atomic"
	"time"
)

// Watch samples the memory of this process and its descendants until the context ends. The result returns the peak so
// far in bytes; shared pages count for each process.
func Watch(ctx context.Context, every time.Duration) (peak func() int64) {
	var highest atomic.Int64
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			sum := resident(os.Getpid())
			for _, pid := range members() {
				sum += resident(pid)
			}
			if sum > highest.Load() {
				highest.Store(sum)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return highest.Load
}

// Processor is the processor time that all descendants have used so far; 0 where it is unknown.
func Processor() time.Duration {
	var sum time.Duration
	for _, pid := range members() {
		sum += processor(pid)
	}
	return sum
}

// Of is the processor time that one process has used so far, and its resident memory in bytes; 0 where nobody can tell.
func Of(pid int) (used time.Duration, memory int64) { return processor(pid), resident(pid) }

// End kills whatever is still below this process and says how many there were.
func End() int {
	left := members()
	for _, pid := range left {
		kill(pid)
	}
	return len(left)
}

// Kill kills descendants that run a program, given by its path, and returns their number.
func Kill(program string) int {
	killed := 0
	for _, pid := range members() {
		if runs(pid, program) {
			kill(pid)
			killed++
		}
	}
	return killed
}
