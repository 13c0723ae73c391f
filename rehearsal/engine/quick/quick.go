// Package quick holds the rehearsal's compile settings: compiling takes half the time, for programs that run once.
// All programs use the same settings, so that the compiler's cache works for all. rehearsal/start and the Makefile
// have them too.
package quick

import "strings"

// flags omit inlining, debug information and this machine's paths.
const flags = `-trimpath '-gcflags=all=-l -dwarf=false'`

// Environ are the variables for a go command that compiles quickly, with more flags for all its commands. They let
// the compiler use more memory before garbage collection: a gigabyte for the largest package.
func Environ(more ...string) []string {
	return []string{"CGO_ENABLED=0", "GOGC=400", "GOFLAGS=" + flags + " " + strings.Join(more, " ")}
}
