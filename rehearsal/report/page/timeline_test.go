package page

import (
	"cdcpipeline/rehearsal/report"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLabelsOfATimelineStayOnThePage(t *testing.T) {
	for end := 1.0; end < 3000; end *= 1.01 {
		line := newTimeline("basic", &report.Timeline{Stages: []report.Span{{Name: "up", To: end}}}, nil, true)
		require.GreaterOrEqual(t, len(line.Ticks), 2, end)
		for _, tick := range line.Ticks {
			require.Less(t, tick.At, 89., end)
		}
	}
}
