package lambdagc_test

import (
	"cdcpipeline/internal/lambdagc"
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheHeapMayGrowWithinTheFunctionsMemory(t *testing.T) {
	for _, c := range []struct {
		name        string
		environment map[string]string
		percent     int
		limit       int64
	}{
		{"in Lambda", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}, 400, 384 << 20},
		{"elsewhere", nil, 100, math.MaxInt64},
		{"with a person's percentage", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "GOGC": "50"}, 100, math.MaxInt64},
		{"with a person's limit", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "GOMEMLIMIT": "1GiB"}, 100, math.MaxInt64},
	} {
		t.Run(c.name, func(t *testing.T) {
			percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
			defer debug.SetMemoryLimit(limit)
			defer debug.SetGCPercent(percent)
			lambdagc.Tune(func(name string) string { return c.environment[name] })
			require.Equal(t, c.percent, debug.SetGCPercent(100))
			require.Equal(t, c.limit, debug.SetMemoryLimit(math.MaxInt64))
		})
	}
}
