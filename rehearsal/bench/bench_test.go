package bench

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/rehearsal/bench/drive"
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestASpreadIsMedianAndEnds(t *testing.T) {
	require.Equal(t, Spread{Median: 2, Least: 1, Most: 9}, spread([]float64{9, 1, 2}))
	require.Equal(t, Spread{Median: 2.5, Least: 1, Most: 9}, spread([]float64{9, 1, 2, 3}))
	require.Equal(t, Spread{Median: 4, Least: 4, Most: 4}, spread([]float64{4}))
}

func TestRoundsAreComparedWithThemselves(t *testing.T) {
	// In the second round the machine was half as fast for both.
	writer, raw := reached(1, 90, 45, 80), reached(1, 100, 50, 100)
	require.Equal(t, Spread{Median: 0.9, Least: 0.8, Most: 0.9}, compare(writer, raw).Ratio)
}

func TestTheBestOfEachAreCompared(t *testing.T) {
	w := conclude(shapes[0], []*pair{
		{writer: reached(1, 50), raw: reached(1, 100)},
		{writer: reached(2, 90), raw: reached(2, 120)},
		{writer: reached(4, 80), raw: reached(4, 110)},
	})
	require.Len(t, w.Pairs, 3)
	require.Equal(t, 2, w.Best.Writer.Concurrency)
	require.Equal(t, 2, w.Best.Raw.Concurrency)
	require.Equal(t, 0.75, w.Best.Ratio.Median)
	require.Equal(t, []string{"rows of 1 KB, 1 shard: 0.75 of who only sends, not 0.88", "reading records of 1140 bytes: 1.50 times as fast as before, not 2", "the program alone: 0.60 of the former time, not 0.5"}, (&Report{Writing: []Writing{w}, Parsing: []Parsing{{RecordBytes: 1140, Ratio: Spread{Median: 1.5}}}, Program: Program{Ratio: Spread{Median: 0.6}}}).Missed())
}

func reached(concurrency int, rates ...float64) side {
	s := side{contender: contender{concurrency: concurrency}}
	for _, rate := range rates {
		s.results = append(s.results, result{rowsPerSecond: rate, ownMicros: 20, nodeMicros: 100})
	}
	return s
}

func TestRequestsAreWhatTheFunctionSent(t *testing.T) {
	sent := []byte(`{"index":{"_index":"i","_id":"1","version":7}}` + "\n" + `{"a":1}` + "\n" + `{"index":{"_index":"i","_id":"2,%25","version":8}}` + "\n" + `{"a":"é"}` + "\n")
	all, err := documents(sent)
	require.NoError(t, err)
	bodies, err := Request{Documents: 1}.bodies(all)
	require.NoError(t, err)
	require.Equal(t, [][]byte{
		[]byte(`{"index":{"_id":"1"}}` + "\n" + `{"a":1}` + "\n"), []byte(`{"index":{"_id":"2,%25"}}` + "\n" + `{"a":"é"}` + "\n"),
	}, bodies)
	bodies, err = Request{Documents: 2, Versions: true}.bodies(all)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte(`{"index":{"_id":"1","version":7,"version_type":"external_gte"}}` + "\n" + `{"a":1}` + "\n" +
		`{"index":{"_id":"2,%25","version":8,"version_type":"external_gte"}}` + "\n" + `{"a":"é"}` + "\n")}, bodies)
	_, err = documents([]byte("no action\n"))
	require.ErrorContains(t, err, "no action")
}

func TestRowsAreOfTheirSizeAndReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{1 << 10, 4 << 10}).Draw(t, "size")
		id := rapid.IntRange(1, 100).Draw(t, "id")
		text := rows(id, size)[id-1]
		require.InEpsilon(t, size, len(text), 0.3)
		var row map[string]any
		require.NoError(t, json.Unmarshal(text, &row))
		for column := range row {
			require.Contains(t, described().Columns, column)
		}
		read, err := change.Parse(record(id, text, time.Now()))
		require.NoError(t, err)
		version, err := read.Version()
		require.NoError(t, err)
		require.Positive(t, version)
		document, err := read.Key(change.KeyColumns{Names: []string{key}})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(id), document.ID())
	})
}

func TestThePageIsWrittenFromTheRun(t *testing.T) {
	r := &Report{
		Machine: "a machine", Date: "2026-11-23", Versions: map[string]string{"go": "1.26"},
		Parsing: []Parsing{{RecordBytes: 1024, MegabytesPerSecond: 250.4, Before: 120, Ratio: Spread{Median: 2.1, Least: 2, Most: 2.2}, Allocations: 1.5, AllocatedBytes: 2000}},
		Program: Program{Now: Preview{Milliseconds: Spread{Median: 300}, Allocations: 9}, Before: Preview{Milliseconds: Spread{Median: 900}}, Ratio: Spread{Median: 0.33, Least: 0.3, Most: 0.4}},
		Visible: Visible{Rows: 2000, PerSecond: 100, BatchSeconds: 1, P50: Spread{1000, 900, 1100}, P99: Spread{2000, 1900, 4000}},
	}
	for _, s := range shapes {
		writer, raw := reached(2, 9000), reached(2, 10000)
		writer.setup, raw.request = Setup{BatchSize: 1000}, Request{Documents: 2000, Gzip: true}
		w := conclude(s, []*pair{{writer: writer, raw: raw}})
		w.Default, w.Before, w.Plain, w.Indexer, w.CPURatioToBefore = reached(2, 8000).figures(), reached(2, 5000).figures(), reached(2, 11000).figures(), reached(2, 7000).figures(), []float64{0.4, 0.3, 0.5}
		r.Writing = append(r.Writing, w)
	}
	page, err := Page(r)
	require.NoError(t, err)
	for _, part := range []string{
		"It was measured on 2026-11-23: a machine;\ngo 1.26, with a heap of 1g", "This run reached every goal below.", "| 1 KB, 1 shard | 2 | 9000 (9000 to 9000) | 1000 records | 10000 (10000 to 10000) | 2000 documents, gzip |", "0.90 (0.90 to 0.90) | 20 + 100 |",
		"| 1024 | 2.10 (2.00 to 2.20) | 250 | 120 | 1.5 | 2000 |", "| 1 KB, 1 shard | the function, 1000 records | 9000 (9000 to 9000) | 20 + 100 | 1.00 |", "| 1 KB, 1 shard | the function, by default | 8000 (8000 to 8000) | 20 + 100 | 0.40 (0.30 to 0.50) |", "| BulkIndexer, with versions | 7000", "| ratio | 0.33 (0.30 to 0.40) |", "| 2000 | 100 | 1000 (900 to 1100) | 2000 (1900 to 4000) |", "48000 of 1 KB, 12000 of 4 KB", "about 14500 rows",
	} {
		require.Contains(t, string(page), part)
	}
	picture, err := Picture(r)
	require.NoError(t, err)
	require.Contains(t, string(picture), ">4 KB, 4 shards</text>")
}

// GitHub shows the picture on a light and a dark page. WCAG requires a contrast of 4.5 for text; one colour for
// both pages reaches at most 4.3.
func TestThePictureIsReadableInLightAndDark(t *testing.T) {
	for _, page := range []color.RGBA{{0xff, 0xff, 0xff, 0xff}, {0x0d, 0x11, 0x17, 0xff}} {
		require.Greater(t, contrast(ink, page), 4.2)
		require.Greater(t, contrast(writerInk, page), 2.5)
		require.Greater(t, contrast(rawInk, page), 2.5)
	}
}

// contrast returns the contrast ratio of two colours: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
func contrast(a, b color.RGBA) float64 {
	luminance := func(c color.RGBA) float64 {
		linear := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestTheSummaryHasOneFigureForEachGoal(t *testing.T) {
	r := &Report{Parsing: []Parsing{{Ratio: Spread{Median: 2.5}}, {Ratio: Spread{Median: 2.4}}}, Program: Program{Ratio: Spread{Median: 0.4}}}
	for i, s := range shapes {
		w := conclude(s, []*pair{{writer: reached(2, 90), raw: reached(2, 100)}})
		w.CPURatioToBefore = []float64{0.25 + float64(i)/16, 0.25 + float64(i)/16}
		r.Writing = append(r.Writing, w)
	}
	text, err := json.Marshal(r.summary())
	require.NoError(t, err)
	require.JSONEq(t, `{"writer_ratio":[0.9,0.9,0.9,0.9],"cpu_ratio_to_before":[0.28125,0.40625],"read_ratio_to_before":[2.5,2.4],"program_ratio_to_before":0.4}`, string(text))
}

func TestProcessorTimeIsComparedWithThatOfTheSameRound(t *testing.T) {
	f := &field{byDefault: reached(others, 1, 1), before: reached(others, 1, 1)}
	f.byDefault.results[0].ownMicros, f.before.results[1].ownMicros = 10, 80
	require.Equal(t, []float64{0.5, 0.25}, f.ratioToBefore())
}

func TestReadingIsComparedRoundByRound(t *testing.T) {
	figures := func(seconds ...float64) (all []drive.Figures) {
		for _, s := range seconds {
			all = append(all, drive.Figures{ProcessorSeconds: s, Allocations: 2 * readings * drive.Times, AllocatedBytes: 100 * readings * drive.Times})
		}
		return all
	}
	p := readingOf(1000, figures(1, 2, 1), figures(2, 6, 2))
	require.Equal(t, Parsing{RecordBytes: 1000, MegabytesPerSecond: 50, Before: 25, Ratio: Spread{Median: 2, Least: 2, Most: 3}, Allocations: 2, AllocatedBytes: 100}, p)
}

func TestABenchmarksLineIsRead(t *testing.T) {
	ms, p, err := readBenchmark([]byte("goos: linux\nBenchmarkProgram-2   \t       5\t 412345678 ns/op\t 9000000 B/op\t  120000 allocs/op\nPASS\n"))
	require.NoError(t, err)
	require.InDelta(t, 412.3, ms, 0.1)
	require.Equal(t, Preview{Allocations: 120000, AllocatedBytes: 9000000}, p)
	_, _, err = readBenchmark([]byte("PASS\n"))
	require.ErrorContains(t, err, "no line")
}

func TestPartsThatAreNotMeasuredAreThoseOfTheRunBefore(t *testing.T) {
	former := &Report{Machine: "a", Date: "2026-11-29", Versions: map[string]string{"go": "1.25", "java": "17"}, Parsing: []Parsing{{RecordBytes: 1}}, Program: Program{Ratio: Spread{Median: 1}}, Writing: make([]Writing, len(shapes)), Visible: Visible{Rows: 1}}
	require.True(t, former.whole())
	now := &Report{Machine: "a", Date: "2026-11-30", Versions: map[string]string{"go": "1.26"}, Visible: Visible{Rows: 2}}
	require.False(t, now.whole())
	all := now.completedBy(former)
	require.True(t, all.whole())
	require.Equal(t, 2, all.Visible.Rows)
	require.Equal(t, former.Parsing, all.Parsing)
	require.Equal(t, "2026-11-29 and 2026-11-30", all.Date)
	require.Equal(t, map[string]string{"go": "1.26", "java": "17"}, all.Versions)

	now.Machine = "another"
	require.False(t, now.completedBy(former).whole())
	require.ErrorContains(t, Publish(t.Context(), t.TempDir(), "a", 1, []string{"wright"}), `--only: there is no part "wright": choose of read, program, write, search`)
	require.ErrorContains(t, Publish(t.Context(), t.TempDir(), "a", 0, nil), "--fewer is 0")
}
