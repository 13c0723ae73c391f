package poison

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/report/reconcile"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPoisonIsOfEveryReasonThatARecordCanGive(t *testing.T) {
	reasons, seen := map[currentstate.Reason]int{}, map[string]bool{}
	for _, p := range Records(time.Now()) {
		t.Run(p.What, func(t *testing.T) {
			require.False(t, seen[string(p.Data)], "it is found by its bytes")
			seen[string(p.Data)] = true
			reasons[p.Reason]++
			record, err := change.Parse(p.Data)
			if p.Reason == currentstate.Unreadable {
				require.Error(t, err)
				require.False(t, p.InHistory || p.InLake)
				return
			}
			require.NoError(t, err)
			_, ok, err := reconcile.Record(p.Data)
			require.NoError(t, err)
			require.True(t, ok, "a sink that takes it shows it as a change")
			if record.Operation == change.Load { // its position is correct
				_, err := record.Version()
				require.NoError(t, err)
			}
		})
	}
	for _, reason := range []currentstate.Reason{currentstate.Unreadable, currentstate.Unordered, currentstate.Unkeyed, currentstate.Refused} {
		require.Positive(t, reasons[reason], reason)
	}
}
