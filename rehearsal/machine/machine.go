// Package machine says what machine this is. The packages below it run processes and keep downloads on it.
package machine

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
)

// Describe names the system, the number of cores and, where it can be read, the memory.
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
