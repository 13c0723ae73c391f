package pipeline

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/rehearsal/bench/page"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
)

// The function can place a generated record, and its row has the columns of the table's description.
func TestRecordsAreReadableAndOfTheirRows(t *testing.T) {
	b := &bench{rows: contents()}
	statement := b.insert(orders, 7, 9)
	require.True(t, strings.HasPrefix(statement, "INSERT INTO bench.orders VALUES (7,'"), statement)
	require.Contains(t, statement, "),(8,'")
	for _, id := range []int{1, variety, variety + 1} {
		text := b.record(id, time.Now())
		require.InEpsilon(t, 1<<10, len(b.rows[id%variety].json), 0.3)
		r, err := change.Parse(text)
		require.NoError(t, err)
		version, err := r.Version()
		require.NoError(t, err)
		require.Positive(t, version)
		k, err := r.Key(change.KeyColumns{Names: []string{key}})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(id), k.ID())
		names := make([]string, len(r.Data))
		for i, c := range r.Data {
			names[i] = c.Name
		}
		require.Len(t, names, len(described(orders).Columns))
		for _, name := range names {
			require.Contains(t, described(orders).Columns, name)
			require.Contains(t, definition(orders), name+" ")
		}
	}
}

func TestAnEventIsReadAsLambdaWritesIt(t *testing.T) {
	text, err := event([][]byte{[]byte("one"), []byte("two")})
	require.NoError(t, err)
	var e events.KinesisEvent
	require.NoError(t, json.Unmarshal(text, &e))
	require.Len(t, e.Records, 2)
	require.Equal(t, "two", string(e.Records[1].Kinesis.Data))
	require.NotEqual(t, e.Records[0].Kinesis.SequenceNumber, e.Records[1].Kinesis.SequenceNumber)
}

func TestARowsCostIsOfWhatWasSpentSince(t *testing.T) {
	began := time.Now()
	before := spent{at: began, function: time.Second, node: 2 * time.Second, stand: time.Second, me: time.Second}
	after := spent{at: began.Add(2 * time.Second), function: 2 * time.Second, node: 4 * time.Second, stand: 1500 * time.Millisecond, me: 1500 * time.Millisecond}
	c := after.since(before, 10_000)
	require.Equal(t, Cost{RowsPerSecond: 5000, Function: 100, Node: 200, StandIns: 100, Clock: 200}, c)
	require.InDelta(t, 1, c.busy(2), 1e-9)
}

// The cheaper Debezium counts, and the contenders are compared within each round.
func TestThePeerIsComparedRoundByRound(t *testing.T) {
	of := func(micros ...float64) []Measure {
		all := make([]Measure, len(micros))
		for i, m := range micros {
			all[i] = Measure{Micros: m, RowsPerSecond: 1000}
		}
		return all
	}
	p := conclude(map[string][]Measure{
		function: of(20, 40, 20), debeziumEqual: of(60, 120, 50), debeziumDefault: of(50, 100, 60), debeziumReading: of(20, 40, 20), standInReading: of(30, 60, 30),
	})
	require.Equal(t, Spread{2.5, 2.5, 2.5}, p.Whole)
	require.Equal(t, Spread{1, 1, 1}, p.Reading)
	require.Equal(t, Spread{1.5, 1.5, 1.5}, p.Writing)
	require.Equal(t, Spread{20, 20, 40}, p.Contenders[0].Micros)
}

func TestStepsGrowToTheLast(t *testing.T) {
	require.Equal(t, []int{10_000, 30_000, 100_000, 300_000, 1_000_000, 2_000_000}, steps(2_000_000))
	require.Equal(t, []int{10_000}, steps(10_000))
	require.Equal(t, []int{10_000, 25_000}, steps(25_000))
}

func TestTheKneeIsWhereMoreCallsBringNoMore(t *testing.T) {
	at := func(shards, calls int, rate, node, clock float64) Load {
		return Load{Shards: shards, Calls: calls, Drained: rate, Held: rate, Cost: Cost{Function: 20, Node: node, StandIns: 20, Clock: clock}}
	}
	r := &Report{Cores: 2, Load: []Load{at(1, 1, 5000, 80, 200), at(1, 2, 9000, 80, 62), at(2, 2, 9500, 80, 61)}}
	require.Equal(t, "Beyond 1 × 2 (shards × calls at once for each) no combination brings a tenth more rows. There the machine's processors are used up: "+
		"97 % of their time is used, of which the node has 67 %, the function 17 % and the stand-ins 17 %.", r.Knee())
	r.Load[2] = at(2, 2, 12000, 30, 100)
	require.Equal(t, "The rate grows up to the most calls at once that were tried. There calls wait for answers rather than for processors: "+
		"35 % of their time is used, of which the node has 43 %, the function 29 % and the stand-ins 29 %.", r.Knee())
}

// Rows that are late only at the beginning, when the rate is new, do not count.
func TestARateIsHeldWhenRowsAreNotLateInTheEnd(t *testing.T) {
	second := time.Second
	p50, p99, last := lateness([]time.Duration{9 * second, 5 * second, 3 * second, second, second, 2 * second})
	require.Equal(t, []float64{3000, 9000, 2000}, []float64{p50, p99, last})
}

func TestMissedGoalsAreNamed(t *testing.T) {
	r := report()
	require.Empty(t, r.Missed())
	r.Peer.Whole.Median, r.Load[0].Held, r.Growth[2].MemoryMB = 1.4, 0, 80
	require.Equal(t, []string{
		"the function writes 1.40 times the rows a processor second of Debezium, not 1.5", "1 shards with 1 calls at once hold no rate that was tried",
		"the function's memory grows to 1.60 times what it was, not 1.3",
	}, r.Missed())
}

func TestTheSectionIsWrittenFromTheRun(t *testing.T) {
	section, err := report().section()
	require.NoError(t, err)
	for _, part := range []string{
		heading, "It was measured on 2026-11-30: a machine; debezium 3.6.1.Final,", "This run reached every goal below.", "| 1 | 1 | 5000 | 4500 | 900, 1200 | 20 + 80 + 20 | 30 % |",
		"| 2000000 | 5000 | 20 + 80 + 20 | 52 |", "the run has 1.04 times", "| the function | 20.0 (20.0 to 20.0) | 50000 | 1000 (1000 to 1000) | 40 |",
		"| Debezium as it is, its reading of the log with it | 2.50 (2.50 to 2.50) |", "| Debezium | 1200 | 2300 |", "its embedded engine 3.6.1.Final",
	} {
		require.Contains(t, section, part)
	}
	require.NotContains(t, section, "<no value>")
}

func report() *Report {
	cost := Cost{RowsPerSecond: 5000, Function: 20, Node: 80, StandIns: 20, Clock: 200}
	one := func(micros, memory float64) []Measure { return []Measure{{micros, 1000, memory}} }
	return &Report{
		Scale: Full, Machine: "a machine", Date: "2026-11-30", Cores: 2, Versions: map[string]string{"debezium": "3.6.1.Final"},
		Load:   []Load{{Shards: 1, Calls: 1, Drained: 5000, Cost: cost, Held: 4500, LateP50: 900, LateP99: 1200, LastLate: 1200}},
		Growth: []Growth{{10_000, cost, 30}, {100_000, cost, 50}, {2_000_000, cost, 52}},
		Peer: conclude(map[string][]Measure{
			function: one(20, 40), debeziumEqual: one(60, 700), debeziumDefault: one(50, 700), debeziumReading: one(20, 600), standInReading: one(30, 0),
		}),
		Visible: Visible{Function: Latency{1100, 2200}, Peer: Latency{1200, 2300}},
	}
}

func TestAScaleThatCannotBeMeasuredIsRefused(t *testing.T) {
	require.NoError(t, Full.check())
	err := Scale{Load: 5, Warming: 1200}.check()
	for _, text := range []string{"--load is 5: set it to 1000", "--growth is 0: set it to 10000", "--rounds is 0: set it to 1", "--warming is 1200: set it to a multiple of 500"} {
		require.ErrorContains(t, err, text)
	}
	require.NoError(t, page.Known([]string{"load", "peer"}, Parts()))
	require.ErrorContains(t, page.Known([]string{"write"}, Parts()), `there is no part "write": choose of load, growth, peer`)
}

// Two spellings of one number are equal. Rows with different values are not.
func TestDocumentsAreComparedByTheirColumns(t *testing.T) {
	ours, err := columns([]byte(`{"id":1,"price_0":12.30,"_cdc":{"deleted":false}}`))
	require.NoError(t, err)
	theirs, err := columns([]byte(`{"price_0":"12.30","id":1}`))
	require.NoError(t, err)
	require.Equal(t, ours, theirs)
	other, err := columns([]byte(`{"price_0":"12.31","id":1}`))
	require.NoError(t, err)
	require.NotEqual(t, ours, other)
}
