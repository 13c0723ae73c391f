package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/lambda"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// function is called by a mapping.
type function struct {
	stats  lambda.MappingStats
	called func(lambda.Invocation)
}

func (f *function) Stats() map[string]lambda.MappingStats {
	return map[string]lambda.MappingStats{"mapping": f.stats}
}
func (f *function) OnInvocation(called func(lambda.Invocation)) { f.called = called }

// read returns the value of each metric that is published now.
func read(t *testing.T, m Measure) map[string]float64 {
	t.Helper()
	readings, err := m.Read(t.Context())
	require.NoError(t, err)
	values := map[string]float64{}
	for _, r := range readings {
		values[r.Name] = r.Value
	}
	return values
}

func TestTheAgeOfABatchIsPublishedWhileItIsAtWork(t *testing.T) {
	f := &function{}
	m := MeasureFunctions(f, f)
	require.NotContains(t, read(t, m), "IteratorAge", "nothing was read")
	f.stats.Working = 3 * time.Second
	require.InDelta(t, 3000, read(t, m)["IteratorAge"], 0)
	f.stats.Working, f.stats.IteratorAge, f.stats.Ages = 0, 4*time.Second, 1
	require.InDelta(t, 4000, read(t, m)["IteratorAge"], 0, "when its call has ended")
	require.NotContains(t, read(t, m), "IteratorAge", "and once")
	f.stats.Working = time.Second
	require.InDelta(t, 1000, read(t, m)["IteratorAge"], 0, "not that of a batch before")
}

func TestACallThatIsThrottledIsCountedAsThat(t *testing.T) {
	f := &function{}
	m := MeasureFunctions(f, f)
	f.called(lambda.Invocation{Function: "current", Throttled: true})
	require.Equal(t, map[string]float64{"Throttles": 1}, read(t, m))
	f.called(lambda.Invocation{Function: "current", Failed: true})
	require.InDelta(t, 1, read(t, m)["Errors"], 0)
}
