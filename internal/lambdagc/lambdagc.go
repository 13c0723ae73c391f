// Package lambdagc lets a Lambda function collect garbage less often. Go collects it when the heap has doubled, which
// for a small heap is after every few megabytes, although a function pays for all of its memory anyway.
package lambdagc

import (
	"math"
	"runtime/debug"
	"strconv"
)

const (
	// memoryVariable has the function's memory in MB,
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime.
	memoryVariable = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
	// growth is the growth of the heap, in percent, after which the garbage is collected.
	growth = 400
	// share is the share of the memory from which it is collected sooner. The rest is for what Go does not count.
	share = 0.75
)

// Tune applies to the whole process. get is os.Getenv. It does nothing outside of Lambda, or if a person has set
// GOGC or GOMEMLIMIT.
func Tune(get func(string) string) {
	megabytes, err := strconv.Atoi(get(memoryVariable))
	if err != nil || megabytes <= 0 || get("GOGC") != "" || get("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(growth)
	debug.SetMemoryLimit(int64(math.Round(share * float64(megabytes<<20))))
}
