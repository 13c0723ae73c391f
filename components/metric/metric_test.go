package metric_test

import (
	"cdcpipeline/components/metric"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAMetricIsAValue(t *testing.T) {
	m := metric.Metric{Namespace: "AWS/Kinesis", Name: "IncomingRecords", Statistic: metric.Sum, Period: metric.Minute}
	other := m.WithStatistic(metric.Average).WithPeriod(metric.FiveMinutes)
	require.Equal(t, []any{metric.Sum, 60}, []any{m.Statistic, m.Period})
	require.Equal(t, []any{metric.Average, 300}, []any{other.Statistic, other.Period})
	require.False(t, m.None())
	require.True(t, metric.Metric{}.None())
}
