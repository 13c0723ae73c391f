// Package quick says how a rehearsal compiles: in half the time, for programs that run once. Everything is compiled alike,
// so that the compiler's cache serves all of it; rehearsal/start and the Makefile have the same settings.
package quick

import "strings"

// flags leave out inlining, debug information and the paths of this machine.
const flags = `-trimpath '-gcflags=all=-l -dwarf=false'`

// Environ are the variables of a go command that compiles quickly, with more flags for all its commands. The compiler may
// use more memory before it collects garbage: a gigabyte for the largest package.
func Environ(more ...string) []string {
	return []string{"CGO_ENABLED=0", "GOGC=400", "GOFLAGS=" + flags + " " + strings.Join(more, " ")}
}
