package workload

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMixIsReadAsInsertsUpdatesDeletes(t *testing.T) {
	m, err := ParseMix("70/20/10")
	require.NoError(t, err)
	require.Equal(t, Mix{Insert: 70, Update: 20, Delete: 10}, m)
	require.Equal(t, "70/20/10", m.String())
}

func TestMixThatCannotBeMadeIsRefused(t *testing.T) {
	for text, message := range map[string]string{
		"":             "write inserts/updates/deletes",
		"70/30":        "write inserts/updates/deletes",
		"70/20/10/0":   "write inserts/updates/deletes",
		"70/20/ten":    "not a percentage",
		"-10/100/10":   "not a percentage",
		"70/20/20":     "adds up to 110",
		"0/100/0":      "has no inserts",
		"30/20/50":     "deletes (50) exceed inserts (30)",
		"70 / 20 / 10": "not a percentage",
		"300/20/10":    "not a percentage",
	} {
		_, err := ParseMix(text)
		require.ErrorContains(t, err, message, text)
	}
}

func TestQuotaAddsUpToTheCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMix(t)
		count := rapid.Int64Min(1).Draw(t, "count")
		q := m.quota(count)
		require.Equal(t, count, q.left())
		require.GreaterOrEqual(t, q[Insert], q[Delete])
	})
}

func FuzzParseMix(f *testing.F) {
	f.Add("70/20/10")
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := ParseMix(s); err == nil {
			require.NoError(t, m.Validate())
		}
	})
}

func drawMix(t *rapid.T) Mix {
	deletes := rapid.IntRange(0, 50).Draw(t, "deletes")
	inserts := rapid.IntRange(max(deletes, 1), 100-deletes).Draw(t, "inserts")
	return Mix{Insert: inserts, Update: 100 - inserts - deletes, Delete: deletes}
}
