// Package family knows the processes below this one: how much memory and processor time they take together, and that none
// is left.
package family

import (
	"context"
	"os"
	"sync/atomic"
	"time"
)

// Watch samples the memory of this process and everything below it until the context ends.
// The result gives the peak so far in bytes; shared pages count for each process.
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

// Processor is the processor time that everything below this process has used so far; 0 where nobody can tell.
func Processor() time.Duration {
	var sum time.Duration
	for _, pid := range members() {
		sum += processor(pid)
	}
	return sum
}

// End kills whatever is still below this process and says how many there were.
func End() int {
	left := members()
	for _, pid := range left {
		kill(pid)
	}
	return len(left)
}

// Kill kills what is below this process and runs a program, by its path, and says how many there were.
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
