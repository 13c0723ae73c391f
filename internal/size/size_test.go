package size_test

import (
	"cdcpipeline/internal/size"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// shop is a prod stack's load of a thousand rows a second.
func shop() size.Load {
	return size.Load{RowsPerSecond: 1000, Peak: 1000, RowBytes: 1000, Tables: 10, RetentionDays: 90, BinlogHours: 168, Prod: true}
}

func value(t *testing.T, p size.Plan, what string) any {
	t.Helper()
	i := slices.IndexFunc(p.Figures, func(f size.Figure) bool { return f.What == what })
	require.GreaterOrEqual(t, i, 0, "no figure %q", what)
	return p.Figures[i].Value
}

func setting(t *testing.T, p size.Plan, key string) string {
	t.Helper()
	i := slices.IndexFunc(p.Settings, func(s size.Setting) bool { return s.Key == key })
	require.GreaterOrEqual(t, i, 0, "no setting of %s", key)
	return p.Settings[i].Value
}

func TestShardsAreTheMostOfBytesRecordsAndReaders(t *testing.T) {
	for _, c := range []struct {
		what    string
		rows    float64
		bytes   float64
		readers int
		shards  int
	}{
		{"nothing to speak of", 1, 100, 2, 1},
		{"a shard's records", 1000, 100, 2, 1},
		{"a record more", 1001, 100, 2, 2},
		{"bytes written", 1000, 1500, 2, 2},
		{"three readers of 2 MB", 1000, 1000, 3, 2},
		{"two readers of 2 MB", 1000, 1000, 2, 1},
	} {
		require.Equal(t, c.shards, size.Shards(c.rows, c.bytes, c.readers), c.what)
	}
}

func TestAStreamIsOnDemandWhileANewOneTakesThePeak(t *testing.T) {
	l := shop()
	require.Equal(t, "0", setting(t, size.NewPlan(l), "stream.shards"), "1.5 MB/s")
	l.Peak = 5000
	require.Equal(t, "8", setting(t, size.NewPlan(l), "stream.shards"), "7.5 MB/s, which a new stream of 4 refuses")
	l.Peak = 1_000_000
	p := size.NewPlan(l)
	require.Equal(t, "0", setting(t, p, "stream.shards"))
	require.Contains(t, strings.Join(p.Open, "\n"), "stream.shards: 1500 are more than the configuration takes")
}

func TestWhatACallWritesIsLeftOpenUntilItIsMeasured(t *testing.T) {
	l := shop()
	l.Peak = 8000
	p := size.NewPlan(l)
	require.Equal(t, "2", setting(t, p, "search.current.parallelization"), "prod's default")
	require.Contains(t, strings.Join(p.Open, "\n"), "each has 333 rows/s to write, for which one client of bare _bulk requests must reach 476 rows/s")
	l.BulkRowsPerSecond = 200
	p = size.NewPlan(l)
	require.Equal(t, "5", setting(t, p, "search.current.parallelization"), "667 rows/s of a shard, 140 of a call")
	require.NotContains(t, strings.Join(p.Open, "\n"), "is to be measured: each has")
	l.BulkRowsPerSecond = 10
	p = size.NewPlan(l)
	require.Equal(t, "10", setting(t, p, "search.current.parallelization"))
	require.Equal(t, "115", setting(t, p, "stream.shards"), "more shards where ten calls do not do")
}

func TestABatchFitsIntoACall(t *testing.T) {
	require.Equal(t, 10_000, size.Batch(10))
	most := size.Batch(100_000)
	require.LessOrEqual(t, float64(most)*100_000*4/3, 6e6)
	l := shop()
	l.RowBytes = 99_500
	require.Equal(t, strconv.Itoa(most), setting(t, size.NewPlan(l), "search.current.batchSize"))
}

// AWS's own example: 66 GiB with one replica need at least 191 GiB.
func TestStorageIsAsInAWSsExample(t *testing.T) {
	require.InDelta(t, 191, size.StorageGiB(66, 2), 0.1)
}

func TestADomainMeetsEveryRuleOfAWS(t *testing.T) {
	byType := map[string]size.Node{}
	for _, n := range size.Nodes {
		byType[n.Type] = n
	}
	rapid.Check(t, func(t *rapid.T) {
		l := anyLoad(t)
		p := size.NewPlan(l)
		i := slices.IndexFunc(p.Settings, func(s size.Setting) bool { return s.Key == "search.instanceType" })
		if i < 0 {
			require.Contains(t, strings.Join(p.Open, "\n"), "no domain of 80 nodes")
			return
		}
		node := byType[p.Settings[i].Value]
		count, err := strconv.Atoi(p.Settings[i+1].Value)
		require.NoError(t, err)
		volume, err := strconv.Atoi(p.Settings[i+2].Value)
		require.NoError(t, err)
		day, present := l.RowsPerSecond*86_400*float64(l.RowBytes+size.Envelope)/(1<<30), l.PresentRows*float64(l.RowBytes)/(1<<30)
		written := size.StorageGiB(day+present, size.Copies(count))
		require.GreaterOrEqual(t, float64(count*volume), size.StorageGiB(day*float64(l.RetentionDays)+present, size.Copies(count)))
		require.LessOrEqual(t, volume, node.VolumeGiB)
		require.GreaterOrEqual(t, float64(count*node.VCPUs)*100, 2*written*0.999)
		require.GreaterOrEqual(t, float64(count*node.MemoryGiB)*100, 8*written*0.999)
		require.LessOrEqual(t, size.ShardsOnNode(1, l.RetentionDays, l.Tables, count), 25*node.HeapGiB())
		if l.Prod {
			require.Zero(t, count%3)
			require.NotContains(t, node.Type, "t3.")
		}
	})
}

func TestMoreRowsNeverNeedLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLoad(t)
		more := l
		more.Peak = l.Peak * rapid.Float64Range(1, 10).Draw(t, "more")
		for _, what := range []string{"shards", "storage"} {
			require.GreaterOrEqual(t, numeric(t, size.NewPlan(more), what), numeric(t, size.NewPlan(l), what), what)
		}
	})
}

func numeric(t *rapid.T, p size.Plan, what string) float64 {
	for _, f := range p.Figures {
		if f.What != what {
			continue
		}
		switch v := f.Value.(type) {
		case int:
			return float64(v)
		case float64:
			return v
		}
	}
	t.Fatalf("no number %q", what)
	return 0
}

func anyLoad(t *rapid.T) size.Load {
	l := size.Load{
		RowsPerSecond: rapid.Float64Range(0.01, 50_000).Draw(t, "rows"), RowBytes: rapid.IntRange(1, 100_000).Draw(t, "bytes"), Tables: rapid.IntRange(1, 2000).Draw(t, "tables"),
		RetentionDays: rapid.IntRange(1, 400).Draw(t, "days"), BinlogHours: rapid.IntRange(1, 2160).Draw(t, "hours"), Prod: rapid.Bool().Draw(t, "prod"),
		PresentRows: rapid.Float64Range(0, 1e9).Draw(t, "present"), BulkRowsPerSecond: rapid.SampledFrom([]float64{0, 50, 5000}).Draw(t, "bulk"),
	}
	l.Peak = l.RowsPerSecond * rapid.Float64Range(1, 10).Draw(t, "peak")
	return l
}

func TestTheBinaryLogHasRowsBeforeAndAfter(t *testing.T) {
	require.InDelta(t, 1000.0*2100*168*3600/(1<<30), value(t, size.NewPlan(shop()), "binary log, at most"), 0.5)
}

func TestWhatGoesBeyondALimitSaysWhatToDo(t *testing.T) {
	l := shop()
	l.RowsPerSecond, l.Peak, l.Tables, l.BulkRowsPerSecond, l.BinlogHours = 400_000, 2_000_000, 300, 500, 2160
	said := strings.Join(size.NewPlan(l).Open, "\n")
	for _, message := range []string{"600 partitions at once", "calls at once are more than the 1,000", "an hour of the peak is more than", "the binary log is larger than"} {
		require.Contains(t, said, message)
	}
}

func TestALoadIsRefusedWithAllThatIsWrong(t *testing.T) {
	err := size.Load{RowsPerSecond: -1, Peak: -2, RowBytes: 0, Tables: 0, RetentionDays: 4000, BinlogHours: 0, PresentRows: -1}.Validate()
	for _, flag := range []string{"--rows-per-second: -1", "--peak: -2", "--row-bytes: 0", "--tables: 0", "--retention: 4,000", "--binlog-hours: 0", "--rows: -1"} {
		require.ErrorContains(t, err, flag)
	}
	require.NoError(t, shop().Validate())
}

func TestEveryFigureHasALimitWithASource(t *testing.T) {
	for _, f := range size.NewPlan(shop()).Figures {
		require.NotEmpty(t, f.Limit.Text, f.What)
		if f.Limit.Seen == size.OnPage {
			require.True(t, strings.HasPrefix(f.Limit.Source, "https://docs.aws.amazon.com/"), f.What)
		}
	}
}

// A record as in DMS's published samples, without its row.
func TestTheEnvelopeIsThatOfARecord(t *testing.T) {
	const record = `{"data":{},"before-image":{"trans_id":12345},"metadata":{"timestamp":"2024-07-29T00:57:35.691762Z","record-type":"data","operation":"update",` +
		`"partition-key-type":"primary-key","partition-key-value":"testdb.retail_trans.12345","schema-name":"testdb","table-name":"retail_trans",` +
		`"commit-timestamp":"2024-07-29T00:57:35.000000Z","transaction-id":87978110091475,"transaction-record-id":1,"prev-transaction-id":87978110091474,` +
		`"prev-transaction-record-id":1,"stream-position":"mysql-bin-changelog.020484.211"}}`
	require.InDelta(t, size.Envelope, len(record), 30)
}

// Each benchmark writes the page. The measured ratio for one call must not fall below the assumed one.
func TestACallIsReckonedByTheLeastThatWasMeasured(t *testing.T) {
	text, err := os.ReadFile("../../docs/performance.md")
	require.NoError(t, err)
	measured := regexp.MustCompile(`(?m)^\| [^|]+ shards? \| 1 \|.*?\| ([0-9]\.[0-9]{2}) \([^)]*\) \|`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, measured)
	least := 1.0
	for _, row := range measured {
		ratio, err := strconv.ParseFloat(row[1], 64)
		require.NoError(t, err)
		least = min(least, ratio)
	}
	require.LessOrEqual(t, size.CallRatio, least)
}
