package observability

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/metric"
	"cdcpipeline/config"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

type fakeCanary struct{}

func named(name string) metric.Metric { return metric.Metric{Namespace: "canary", Name: name} }

func (fakeCanary) MetricSearchable() metric.Metric      { return named("searchable") }
func (fakeCanary) MetricTablesToReload() metric.Metric  { return named("reload") }
func (fakeCanary) MetricCertificateDays() metric.Metric { return named("certificate") }
func (fakeCanary) MetricLogHeadroom() metric.Metric     { return named("headroom") }
func (fakeCanary) MetricParkedObjects() metric.Metric   { return named("parked") }
func (fakeCanary) MetricFailures() metric.Metric        { return named("failures") }

// watch returns the alarms on a canary's metrics for a source.
func watch(s config.Source, canary Canary) map[string]alarm {
	c := config.Config{Source: s}.WithDefaults()
	p := &plan{Args: &Args{Alarms: c.Alarms}}
	all := map[string]alarm{}
	for _, a := range p.ofCanary(&feed.Feed{Config: c.Feeds()[0]}, canary) {
		if !a.metric.None() {
			all[a.what] = a
		}
	}
	return all
}

func TestWhatACanarySeesIsWatched(t *testing.T) {
	all := watch(config.Source{BinlogRetentionHours: 100}, fakeCanary{})
	require.Len(t, all, 6)
	require.Equal(t, silence, all["searchable"].missing, "a canary that says nothing has found nothing")
	require.InDelta(t, 50, all["log-headroom"].threshold, 0)
	require.Contains(t, all["log-headroom"].says, "in 50 hours, or less")
	for what, a := range all {
		require.True(t, slices.Contains([]group{alone, groupBehind, groupAtRisk}, a.group), what)
		require.LessOrEqual(t, a.datapoints, a.periods, what)
	}
	require.Contains(t, watch(config.Source{Engine: config.EnginePostgreSQL}, fakeCanary{})["log-headroom"].says, "bytes of log")
	require.Empty(t, watch(config.Source{}, nil))
}
