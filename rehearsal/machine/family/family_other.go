//go:build !linux

package family

import "time"

// Adopt does nothing here: each server's own process group ends it.
func Adopt() {}

func members() []int              { return nil }
func resident(int) int64          { return 0 }
func processor(int) time.Duration { return 0 }
func kill(int)                    {}
func runs(int, string) bool       { return false }
