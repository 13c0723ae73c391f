package page

import (
	"cdcpipeline/rehearsal/report"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// full is a report with every kind of content, as read from a file that two parts have written.
func full(t *testing.T) report.Whole {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	r := &report.Report{
		Machine: "linux/amd64, 2 cores, 23 GiB", Date: "2026-11-28", Seconds: 747, PeakMemoryMb: 4213, Engine: report.Engine{Version: "3.276.0"},
		Up: report.Up{Seconds: 152.4, Resources: 242}, SecondUp: report.SecondUp{Seconds: 39.3}, Destroy: report.Destroy{Seconds: 28},
		Events:  report.Events{Written: 13001, Loaded: 1000, History: 13001, Lake: 13001},
		Current: report.Current{Rows: 8201, Equal: true}, Catalog: report.Catalog{Engine: "trino 476", QueriesRun: 16, Rows: 8201, Equal: true},
		Verify: report.Verify{HopsMs: map[string]int64{"stream": 419, "history": 5327, "lake": 38628}},
		Policy: report.Policy{Rules: 100, MutationsCaught: 100, ControlsAnswered: 121, ControlsApplicable: 121},
		LatencyMs: report.Latency{
			History: report.Quantiles{P50: 1931, P99: 5336}, Lake: report.Quantiles{P50: 46922, P99: 56464}, Current: report.Quantiles{P50: 1607, P99: 2551},
		},
		LatencyCurves: map[string]report.Curve{"history": curve(700, 5600), "lake": curve(31000, 57500), "current": curve(520, 2700)},
		Hops: []report.Hop{
			hop("database", "replication", 13001, 180, 640), hop("replication", "stream", 13001, 310, 920),
			hop("stream", "searchDelivery", 13001, 540, 1300), hop("stream", "currentState", 13001, 420, 1100), hop("stream", "lakeDelivery", 13001, 560, 1290),
			hop("searchDelivery", "domain", 13001, 1931, 5336), hop("lakeDelivery", "bucket", 13001, 46922, 56464),
			{From: "searchDelivery", To: "bucket", Rows: 3},
			{From: "currentState", To: "bucket", Rows: 7},
		},
		FaultRuns: []report.FaultRun{
			{Name: "domain-killed", What: "OpenSearch is killed and started again on its data.", Written: 600, RecoveredSeconds: 18.2, Alarm: "cdc-search-delivery-freshness", Fired: true},
			{Name: "poison", What: "Records come that nothing can be done with: no JSON, half a record, a row without its key.", Written: 300, Parked: 7, RecoveredSeconds: 4.1, Alarm: "cdc-parked", Fired: true},
			{Name: "task-killed", What: "The task is killed in the middle of a transaction.", Written: 900, RecoveredSeconds: 63},
		},
		Alarms: &report.Alarms{Declared: 42, SilentWhenHealthy: 42, FiredInOwnFault: 42, Injected: []string{"cdc-memory", "cdc-snapshot-age"}, Scale: 30, LongestPeriodSeconds: 10},
		Checks: map[string]report.Check{"faults_in_turn": {OK: true}, "policy_in_engine": {OK: true}},
		NotRun: []string{
			"AWS itself: nothing here has run against an AWS account", "network: VPC, subnets, security groups and endpoints are made in the control plane, no packet passes them",
			"KMS: keys are declared; nothing is encrypted with them",
		},
		Versions: map[string]string{"go": "go1.26.8", "mariadb": "11.4.5", "opensearch": "2.19.4", "pulumi": "3.276.0", "terraform-provider-aws": "5.82.2"},
	}
	r.Fill("up", "second_up", "destroy", "events", "current", "catalog", "verify", "policy", "latency_ms", "latency_curves", "hops", "fault_runs", "alarms", "checks.faults_in_turn", "checks.policy_in_engine")
	began := time.Date(2026, 11, 28, 21, 14, 3, 0, time.UTC)
	require.NoError(t, r.Merge(file, "basic", report.Part{Commit: "a370f35", OK: true, Seconds: 177.2, Date: "2026-11-28", Timeline: &report.Timeline{Began: began, Stages: []report.Span{
		{Name: "engine and servers", To: 9.4},
		{Name: "stores and stand-ins", From: 9.4, To: 17},
		{Name: "preview with nothing configured", From: 17, To: 31.5},
		{Name: "up", From: 31.5, To: 84},
		{Name: "rows", From: 84, To: 101.2},
		{Name: "verify", From: 101.2, To: 148},
		{Name: "destroy", From: 148, To: 177.2},
	}}}))
	require.NoError(t, r.Merge(file, "faults", report.Part{Commit: "a370f35", OK: true, Seconds: 747, Date: "2026-11-28", Timeline: &report.Timeline{
		Began: began.Add(10 * time.Minute),
		Stages: []report.Span{
			{Name: "engine and servers", To: 10},
			{Name: "stores and stand-ins", From: 10, To: 18},
			{Name: "up", From: 18, To: 90},
			{Name: "alarms watched", From: 90, To: 131},
			{Name: "rows", From: 131, To: 149},
			{Name: "verify", From: 149, To: 204},
			{Name: "alarms silent", From: 204, To: 265},
			{Name: "faults while rows are written", From: 265, To: 411},
			{Name: "faults one after the other", From: 411, To: 655},
			{Name: "alarms that fire", From: 655, To: 712},
			{Name: "destroy", From: 712, To: 747},
		},
		Faults: []report.Span{{Name: "domain-killed", From: 421, To: 451}, {Name: "poison", From: 502, To: 507}, {Name: "task-killed", From: 541, To: 561}},
		Alarms: []report.Span{
			{Name: "cdc-search-delivery-freshness", From: 436, To: 470},
			{Name: "cdc-behind", From: 438, To: 472},
			{Name: "cdc-parked", From: 511, To: 530},
			{Name: "cdc-behind", From: 552, To: 583},
			{Name: "cdc-memory", From: 660, To: 668},
		},
	}}))
	w, err := report.Read(file)
	require.NoError(t, err)
	return w
}

func hop(from, to string, rows int, p50, p99 float64) report.Hop {
	return report.Hop{From: from, To: to, Rows: rows, LatencyMs: &report.Quantiles{P50: p50, P99: p99}}
}

// curve between two latencies.
func curve(least, most float64) report.Curve {
	var c report.Curve
	for i := range 21 {
		c.QuantilesMs = append(c.QuantilesMs, math.Round(least+(most-least)*math.Pow(float64(i)/20, 2.2)))
	}
	for i := range 40 {
		c.Course = append(c.Course, report.Moment{Second: float64(i)*0.43 + 0.2, Ms: math.Round(least + (most-least)*(0.3+0.25*math.Sin(float64(i)/3)))})
	}
	return c
}

// running is a pipeline in which rows are being written.
func running() *Live {
	l := &Live{Since: time.Date(2026, 11, 28, 21, 14, 3, 0, time.UTC)}
	for i, h := range [][2]string{
		{"database", "replication"}, {"replication", "stream"}, {"stream", "searchDelivery"}, {"stream", "currentState"}, {"stream", "lakeDelivery"}, {"searchDelivery", "domain"}, {"currentState", "domain"}, {"lakeDelivery", "bucket"},
	} {
		one := LiveHop{From: h[0], To: h[1], Total: int64(13045 + 10*i)}
		for second := range 120 {
			one.Rates = append(one.Rates, int64(max(0, 120*math.Sin(float64(second+i)/9))))
		}
		l.Hops = append(l.Hops, one)
	}
	for i := range 5 {
		l.Changes = append(l.Changes, Change{At: l.Since.Add(time.Duration(i) * 700 * time.Millisecond), Operation: "update", Table: "shop.ledger", Key: "shop.ledger.42"})
	}
	return l
}
