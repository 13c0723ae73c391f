package canary

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAHealthyPipelineIsMeasured(t *testing.T) {
	w := newWorld(t)
	require.Equal(t, map[string]float64{
		"SearchableSeconds": 3, "TablesToReload": 0, "CertificateDays": 10, "LogHeadroomHours": 24 - 3./3600, "ParkedObjects": 0, "Failures": 0,
	}, w.call())
	require.Equal(t, 1, w.closed)
}

func TestTheHeartbeatIsLookedForInItsOwnIndexAlone(t *testing.T) {
	w := newWorld(t)
	w.call()
	require.NotEmpty(t, w.searched)
	for _, r := range w.searched {
		require.Equal(t, "POST /current-cdc_canary-heartbeat/_search", r.Method+" "+r.URL.Path)
	}
}

// The canary must find this change, not an earlier one: otherwise a stalled pipeline would look fast.
func TestAnOlderHeartbeatIsNotTakenForThisOne(t *testing.T) {
	w := newWorld(t)
	w.call()
	w.delay = time.Hour
	for minute := 1; minute <= 3; minute++ {
		require.InDelta(t, float64(minute)*60+40, w.call()["SearchableSeconds"], 1, "the age of what is found grows by the minute")
	}
	w.delay = 2 * time.Second
	require.Equal(t, 2., w.call()["SearchableSeconds"])
}

func TestAHeartbeatThatWasNeverFoundIsAsOldAsTheFirst(t *testing.T) {
	w := newWorld(t)
	w.delay = time.Hour
	require.Equal(t, 40., w.call()["SearchableSeconds"])
	require.Equal(t, 100., w.call()["SearchableSeconds"])
}

// A later call may have changed the row before this one found its own change.
func TestALaterHeartbeatTellsThatThisOneWasFound(t *testing.T) {
	w := newWorld(t)
	w.delay, w.found = time.Hour, &heartbeat{Beat: 7, Written: start.UnixMilli(), Log: 9}
	w.beats, w.began = 5, start.UnixMilli()
	require.Equal(t, 0., w.call()["SearchableSeconds"])
}

func TestADatabaseThatDoesNotAnswerLetsWhatIsFoundGrowOld(t *testing.T) {
	for _, what := range []string{"login", "beat"} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.call()
			w.broken[what] = true
			metrics := w.call()
			require.Equal(t, []float64{60, 1}, []float64{metrics["SearchableSeconds"], metrics["Failures"]})
			require.Contains(t, metrics, "ParkedObjects")
			require.NotContains(t, metrics, "LogHeadroomHours", "it would be one that nobody has measured")
			require.Equal(t, 120., w.call()["SearchableSeconds"])
		})
	}
}

func TestWhatCannotBeMeasuredKeepsNothingElseFromIt(t *testing.T) {
	for what, missing := range map[string]string{"log": "", "tables": "TablesToReload"} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.broken[what] = true
			metrics := w.call()
			require.Equal(t, []float64{3, 1}, []float64{metrics["SearchableSeconds"], metrics["Failures"]})
			require.NotContains(t, metrics, missing)
		})
	}
	w := newWorld(t)
	w.refused = 403
	metrics := w.call()
	require.Equal(t, []float64{40, 1}, []float64{metrics["SearchableSeconds"], metrics["Failures"]})
}

func TestTheCallEndsBeforeTheNextOneBegins(t *testing.T) {
	w := newWorld(t)
	w.delay = time.Hour
	before := w.now
	w.call()
	require.Equal(t, time.Minute, w.now.Sub(before))
}

func TestTheLogIsShortWhenThePipelineIsBehind(t *testing.T) {
	w := newWorld(t)
	w.call()
	w.delay = 1000 * time.Hour
	w.now = w.now.Add(20 * time.Hour)
	require.InDelta(t, 4, w.call()["LogHeadroomHours"], 0.1)
	w.now = w.now.Add(20 * time.Hour)
	require.Equal(t, 0., w.call()["LogHeadroomHours"], "never less than none")
}

func TestTheLogIsGoneWithTheFileOfWhatWasFound(t *testing.T) {
	w := newWorld(t)
	w.call()
	w.delay = time.Hour
	w.log = Log{Oldest: 10, Newest: 12}
	require.Equal(t, 0., w.call()["LogHeadroomHours"])
	w.delay = time.Second
	require.InDelta(t, 24, w.call()["LogHeadroomHours"], 0.01)
}

func TestPostgreSQLSaysWhatASlotHasLeft(t *testing.T) {
	w := newWorld(t)
	w.settings.Engine, w.settings.LogHours = PostgreSQL, 0
	w.log = Log{Bytes: new(int64(5 << 30))}
	metrics := w.call()
	require.Equal(t, float64(5<<30), metrics["LogHeadroomBytes"])
	require.NotContains(t, metrics, "LogHeadroomHours")
	w.log.Bytes = new(int64(-1))
	require.Equal(t, 0., w.call()["LogHeadroomBytes"])
	w.log.Bytes = nil
	require.NotContains(t, w.call(), "LogHeadroomBytes", "nothing bounds it, or there is no slot yet")
}

func TestParkedObjectsOfAnotherSourceAreNotCounted(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"errors/current/a", "errors/lake/b", "errors/source=orders/current/c", "aws/lambda/uuid/shard/d", "aws/lambda/other/e", "raw/f"} {
		w.bucket.Set("lake", key, "")
	}
	require.Equal(t, 3., w.call()["ParkedObjects"])
}

func TestSettingsComeThroughTheEnvironment(t *testing.T) {
	w := newWorld(t)
	text, err := w.settings.Text()
	require.NoError(t, err)
	environment := map[string]string{Variable: text, NameVariable: "canary"}
	read, err := ReadSettings(func(name string) string { return environment[name] })
	require.NoError(t, err)
	require.Equal(t, w.settings, read)
	for part, problem := range map[string]string{
		`"secret":"arn"`: "lacks secret", `"alias":"current-cdc_canary-heartbeat"`: "lacks alias", `"service":"es"`: "lacks service", `https://`: "is not https",
	} {
		environment[Variable] = strings.Replace(text, part, `"x":""`, 1)
		if part == `https://` {
			environment[Variable] = strings.Replace(text, part, "http://", 1)
		}
		_, err := ReadSettings(func(name string) string { return environment[name] })
		require.ErrorContains(t, err, problem)
	}
	environment[Variable] = strings.Replace(text, "{", `{"engine":"oracle",`, 1)
	_, err = ReadSettings(func(name string) string { return environment[name] })
	require.ErrorContains(t, err, "oracle")
	_, err = ReadSettings(func(string) string { return "" })
	require.ErrorContains(t, err, Variable)
}
