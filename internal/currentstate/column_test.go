package currentstate

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at returns a record with a timestamp that is later than the others by the given time.
func at(record string, later time.Duration) string {
	return strings.ReplaceAll(record, stamp(began), stamp(began.Add(later)))
}

func TestAColumnThatNobodyDescribesIsWaitedForOnce(t *testing.T) {
	r := newRig(t, nil)
	require.Equal(t, -1, r.handle(t, created("orders", `"region":{"type":"STRING"},"id":{"type":"INT32"}`, `"region","id"`)))
	r.now = began.Add(time.Minute)
	ghosts := at(row(1, 10, `,"ghost":1,"shade":"x"`), time.Minute)
	require.Equal(t, 0, r.handle(t, ghosts), "its description may be in another shard")
	require.Contains(t, r.log.String(), "with ghost, shade: nobody has described the column yet")
	r.now = r.now.Add(columnGrace)
	require.Equal(t, -1, r.handle(t, ghosts))

	for range 2 { // once in the same process, once in a new one
		require.Equal(t, -1, r.handle(t, at(row(2, 20, `,"ghost":2,"shade":"y"`), time.Minute+columnGrace)), "a record of just now waits for nothing")
		r.f = newFunction(t, r.f.settings, r.domain, r.s3)
	}
	require.Equal(t, 0, r.handle(t, at(row(3, 30, `,"ghost":3,"another":1`), time.Minute+columnGrace)), "this column is another one")
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
	require.Empty(t, r.parked())
}

func TestAColumnThatIsDescribedAfterAllGetsItsType(t *testing.T) {
	r := newRig(t, nil)
	definition := created("orders", `"region":{"type":"STRING"},"id":{"type":"INT32"}`, `"region","id"`)
	require.Equal(t, -1, r.handle(t, definition))
	r.now = began.Add(time.Minute + columnGrace)
	require.Equal(t, -1, r.handle(t, at(row(1, 10, `,"day":"2026-11-23"`), time.Minute)))
	e, err := r.f.registry.get(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, []string{"day"}, e.Unannounced)
	require.Equal(t, -1, r.handle(t, at(created("orders", `"region":{"type":"STRING"},"id":{"type":"INT32"},"day":{"type":"DATE"}`, `"region","id"`), 2*time.Minute)))
	e, err = r.f.registry.get(t.Context(), orders)
	require.NoError(t, err)
	require.Empty(t, e.Unannounced)
	require.Equal(t, date, e.Columns["day"])
}
