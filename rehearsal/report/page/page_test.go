package page

import (
	"bytes"
	"cdcpipeline/rehearsal/report"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// rendered is the page, and its texts, one per line, without those of the phone's picture.
func rendered(t *testing.T, w report.Whole, live *Live) (page, texts string) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Render(&b, w, live))
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	var lines []string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Data == "style" || attribute(n, "class") == "picture tall" {
			return
		}
		if text := strings.Join(strings.Fields(n.Data), " "); n.Type == html.TextNode && text != "" {
			lines = append(lines, text)
		}
		for child := range n.ChildNodes() {
			walk(child)
		}
	}
	walk(root)
	return b.String(), strings.Join(lines, "\n") + "\n"
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

var update = flag.Bool("update", false, "write the golden files")

// golden compares with testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "stale: go test ./report/page -update")
}

func TestThePageOfAFullReportSaysWhatItHas(t *testing.T) {
	_, texts := rendered(t, full(t), nil)
	golden(t, "full.txt", texts)
}

func TestThePageOfAnEmptyReportSaysThatNothingWasRun(t *testing.T) {
	page, texts := rendered(t, report.Whole{Report: &report.Report{}}, nil)
	golden(t, "empty.txt", texts)
	require.NotContains(t, page, "<svg class=", "there is nothing to draw")
}

func TestTheLivePageSaysWhatGoesThroughNow(t *testing.T) {
	page, texts := rendered(t, full(t), running())
	golden(t, "live.txt", texts)
	require.Contains(t, page, `<meta http-equiv="refresh" content="2">`)
	page, _ = rendered(t, full(t), nil)
	require.NotContains(t, page, `http-equiv="refresh"`, "a file is not asked for again")
}

func TestAValueIsNeverMarkup(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`
	w := full(t)
	w.Machine, w.Date, w.NotRun, w.Versions = evil, evil, []string{evil}, map[string]string{evil: evil}
	w.Checks = map[string]report.Check{evil: {Detail: evil}}
	w.FaultRuns[0] = report.FaultRun{Name: evil, What: evil, Alarm: evil, Problem: evil}
	w.Alarms.Injected, w.Catalog.Engine = []string{evil}, evil
	span := []report.Span{{Name: evil, To: 1, Failed: true}}
	w.Parts = map[string]report.Part{evil: {Commit: evil, Problems: []string{evil}, Timeline: &report.Timeline{Stages: span, Faults: span, Alarms: span}}}
	live := running()
	live.Hops[0].From, live.Changes = evil, []Change{{Operation: evil, Table: evil, Key: evil}}
	for _, l := range []*Live{nil, live} {
		page, texts := rendered(t, w, l)
		require.NotContains(t, page, "<script")
		require.NotContains(t, page, "<img")
		require.Contains(t, texts, "<script>alert(1)</script>", "it is read as it is")
	}
}

func TestThePageAsksNobodyForAnything(t *testing.T) {
	page, _ := rendered(t, full(t), running())
	require.NotRegexp(t, `(src|srcset|action|poster|background)\s*=`, page)
	require.NotRegexp(t, `url\(|@import`, page)
	require.NotContains(t, page, "<script")
	for _, found := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		require.True(t, strings.HasPrefix(found[1], "data:"), found[1])
	}
	require.Contains(t, Policy(), "default-src 'none'")
	styled := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	require.Equal(t, style, styled[1], "the policy names the style by its digest")
	require.NotRegexp(t, `<[^>]* style=`, page, "which allows no other")
}

func TestWhatIsNotAsItShouldBeIsSeenFirst(t *testing.T) {
	w := full(t)
	w.Events.Lost, w.Hops[6].Lost, w.Hops[6].Rows, w.Current.Equal = 2, 2, 12999, false
	faults := w.Parts["faults"]
	faults.OK, faults.Problems = false, []string{"2 events were lost"}
	w.Parts["faults"] = faults
	page, texts := rendered(t, w, nil)
	require.Contains(t, texts, "1 of 2 parts failed\n")
	require.Contains(t, texts, "faults: 2 events were lost\n")
	require.Contains(t, texts, "12,999\n2 lost\n")
	require.Contains(t, texts, "8,201 rows\nnot equal\n")
	require.Contains(t, page, `class="flow lossy"`)
	require.NotContains(t, texts, "parts passed")
}

// The picture has exactly the architecture's arrows; the lake's box shows what is refused and parked.
func TestThePictureHasTheArchitecturesArrows(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "architecture.d2"))
	require.NoError(t, err)
	var declared []string
	for _, found := range regexp.MustCompile(`(?m)^(?:vpc\.)?(\w+) -> (?:vpc\.)?(\w+): "(\w*)" \{class: flow\}$`).FindAllStringSubmatch(string(text), -1) {
		if found[1]+found[2] != "currentStatebucket" && found[3] == "" {
			declared = append(declared, found[1]+" "+found[2])
		}
	}
	require.NotEmpty(t, declared)
	for _, l := range []layout{wide, tall} {
		var drawn []string
		for _, w := range l.ways {
			drawn = append(drawn, w.from+" "+w.to)
		}
		require.ElementsMatch(t, declared, drawn, l.class)
	}
	_, texts := rendered(t, full(t), nil)
	require.Contains(t, texts, "S3 lake\n3 refused, 7 parked\n")
}

func TestArrowsBeginAndEndAtTheirBoxes(t *testing.T) {
	touches := func(b [4]float64, p point) bool {
		inX, inY := p.x >= b[0] && p.x <= b[0]+b[2], p.y >= b[1] && p.y <= b[1]+b[3]
		return inX && inY && (p.x == b[0] || p.x == b[0]+b[2] || p.y == b[1] || p.y == b[1]+b[3])
	}
	for _, l := range []layout{wide, tall} {
		for _, w := range l.ways {
			require.Truef(t, touches(l.boxes[w.from], w.points[0]), "%s: %s to %s does not begin at its box", l.class, w.from, w.to)
			require.Truef(t, touches(l.boxes[w.to], w.points[len(w.points)-1]), "%s: %s to %s does not end at its box", l.class, w.from, w.to)
		}
		for id, b := range l.boxes {
			require.Truef(t, b[0] >= 0 && b[1] >= 0 && b[0]+b[2] <= l.width && b[1]+b[3] <= l.height, "%s: %s is not in the picture", l.class, id)
		}
	}
}

func TestTimesAreWrittenAsTheyAreRead(t *testing.T) {
	for want, s := range map[string]float64{"": 0, "0.04 s": 0.042, "1.0 s": 0.996, "9.9 s": 9.94, "10 s": 9.96, "59 s": 59.4, "1 min": 59.6, "3 min 5 s": 185} {
		require.Equal(t, want, seconds(s))
	}
}

func TestAnAxisHoldsItsValuesAndHasFewTicks(t *testing.T) {
	for _, span := range [][2]float64{{0.3, 0.4}, {0.52, 57.5}, {0.001, 900}, {1, 1}, {5, 5.5}} {
		a := logarithmic(span[0], span[1])
		require.Truef(t, a.least <= span[0] && a.most >= span[1], "%v: %+v", span, a)
		require.Truef(t, len(a.ticks) >= 2 && len(a.ticks) <= 9, "%v: %+v", span, a.ticks)
	}
	for _, end := range []float64{0, 0.7, 17, 747, 20000} {
		a := linear(end)
		require.Truef(t, len(a.ticks) >= 2 && len(a.ticks) <= 6, "%v: %+v", end, a.ticks)
	}
}

func TestThePageIsWrittenBesideItsReport(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "report.json"), filepath.Join(dir, "report.html")
	require.ErrorContains(t, Write(in, out), in)
	require.NoError(t, (&report.Report{}).Merge(in, "basic", report.Part{OK: true}))
	require.NoError(t, Write(in, out))
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Contains(t, string(text), "<title>Rehearsal: Passed</title>")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2)
}

func TestAnArrowsFigureIsShort(t *testing.T) {
	for ms, want := range map[float64]string{0: "0 s", 7: "0.01 s", 1473: "1.5 s", 59_600: "60 s", 62_000: "62 s", 599_000: "599 s", 600_000: "10 min", 3_661_000: "61 min 1 s"} {
		require.Equal(t, want, brief(ms), ms)
	}
}
