package conformance

import (
	"cdcpipeline/internal/change"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSightingsAreOfTheKindOfTheSource(t *testing.T) {
	const line = `{"data":{"id":1},"metadata":{"record-type":"data","operation":"insert","table-name":"probe"}}`
	for _, kind := range []change.Kind{"", change.PostgreSQL} {
		e := &Evidence{Kind: kind, Table: "probe", Stream: []Arrival{{Step: stepRows, Data: line}}}
		rows := e.rows(stepRows)
		require.Len(t, rows, 1)
		require.Equal(t, kind, rows[0].kind)
	}
	text, err := json.Marshal(&Evidence{})
	require.NoError(t, err)
	require.NotContains(t, string(text), "kind", "a report of MySQL is as it was")
}
