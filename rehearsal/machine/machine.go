// Package machine describes this machine. The packages below it run processes and keep downloads on it.
package machine

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
)

// Describe returns the system, the number of cores and, if readable, the memory.
func Describe() string {
	text := fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return text
	}
	var kb int
	if _, err := fmt.Fscanf(bytes.NewReader(info), "MemTotal: %d kB", &kb); err == nil {
		text += fmt.Sprintf(", %d GiB", kb>>20)
	}
	return text
}
