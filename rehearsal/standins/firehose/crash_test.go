package firehose

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatACrashTakesFromTheBuffersIsReadAgain(t *testing.T) {
	c, s, told := newCloud(t, searchJSON(1, 900, 5, ""))
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":1}`, `{"a":2}`)
	c.put("shard-1", `{"b":1}`)
	require.Eventually(t, func() bool { return s.Stats()["d"].Undelivered() == 3 }, 20*time.Second, time.Millisecond)
	held, err := s.Crash(t.Context(), "d", 10*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, 3, held)
	require.Empty(t, told(), "nothing was delivered before")
	c.put("shard-0", `{"a":3}`)
	s.Hurry(Pace{Interval: time.Millisecond})
	require.Equal(t, Stats{Records: 4, Delivered: 4}, drained(t, s))
	got := told()
	slices.Sort(got)
	require.Equal(t, []string{`{"a":1}`, `{"a":2}`, `{"a":3}`, `{"b":1}`}, got)
}

// A request during the crash may have been processed: its documents come again.
func TestWhatWasBeingDeliveredInACrashComesAgain(t *testing.T) {
	c, s, told := newCloud(t, searchJSON(1, 0, 60, ""))
	c.bulk = func(call int, _ []string) (int, string) {
		if call == 1 {
			return http.StatusServiceUnavailable, "busy"
		}
		return 0, ""
	}
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":1}`)
	require.Eventually(t, func() bool { return s.Stats()["d"].Retries > 0 }, 20*time.Second, time.Millisecond)
	_, err := s.Crash(t.Context(), "d", 0)
	require.NoError(t, err)
	require.EqualValues(t, 1, drained(t, s).Delivered)
	require.Equal(t, []string{`{"a":1}`}, told())
	_, err = s.Crash(t.Context(), "nobody", 0)
	require.ErrorContains(t, err, "is not at work")
}

func TestSequenceNumbersAreNumbers(t *testing.T) {
	require.True(t, earlier("9", "10"))
	require.True(t, earlier("19", "20"))
	require.False(t, earlier("20", "20"))
}

func TestAHurryEndsWithItsPace(t *testing.T) {
	p := newPace()
	require.Equal(t, time.Minute, p.interval(time.Minute))
	p.set(Pace{Interval: time.Second, Retry: 2 * time.Second})
	require.Equal(t, time.Second, p.interval(time.Minute))
	require.Equal(t, 2*time.Second, p.retry(time.Minute))
	require.Equal(t, time.Millisecond, p.interval(time.Millisecond), "nothing becomes slower")
	p.set(Pace{})
	require.Equal(t, time.Minute, p.retry(time.Minute))
}

func TestWhatIsRefusedIsParkedSoonerInAHurry(t *testing.T) {
	c, s, _ := newCloud(t, searchJSON(1, 0, 3600, ""))
	c.bulk = func(int, []string) (int, string) { return http.StatusBadRequest, "no" }
	s.Hurry(Pace{Retry: time.Millisecond})
	require.NoError(t, s.Create(t.Context(), "d"))
	c.put("shard-0", `{"a":1}`)
	require.EqualValues(t, 1, drained(t, s).Parked)
}
