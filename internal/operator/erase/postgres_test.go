package erase

import (
	"cdcpipeline/internal/change"
	"testing"

	"github.com/stretchr/testify/require"
)

// An erasure recognises a PostgreSQL row in every spelling of its key. This also holds for a table whose records may
// lack the key.
func TestARowOfPostgreSQLIsToldInEverySpelling(t *testing.T) {
	columns := change.KeyColumns{Names: []string{"id", "at"}, Types: []string{"bytea", "timestamp(3) with time zone"}}
	r, err := newRow(change.PostgreSQL, orders, columns, map[string]string{"id": "0xCAFE", "at": "2026-02-03T04:05:06.07Z"})
	require.NoError(t, err)
	const place = `"metadata":{"record-type":"data","operation":"update","schema-name":"shop","table-name":"orders","commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":1,"transaction-record-id":1,"stream-position":"1/8.1.1/8"}}`
	for _, row := range []string{
		`{"data":{"id":"\\xcafe","at":"2026-02-03 04:05:06.070+00"},`, `{"data":{"at":"2026-02-03 04:05:06.07"},"before-image":{"id":"0xcafe","at":"2026-02-03 04:05:06.07","mail":"x"},`,
		`{"data":{"id":"\\x00","at":"2026-02-03 04:05:06.07"},"before-image":{"id":"\\xcafe","at":"2026-02-03T04:05:06.070Z"},`, `{"data":{"id":"\\xcafe","at":"2026-02-03T04:05:06.070Z"},"before-image":{},`,
	} {
		b, err := r.read([]byte(row + place))
		require.NoError(t, err)
		require.Len(t, b.of, 1, row)
		version, err := b.r.Version()
		require.NoError(t, err)
		require.Equal(t, int64(1<<62|1<<32|8), version)
	}
	_, err = r.read([]byte(`{"data":{"at":"2026-02-03 04:05:06.07"},` + place))
	require.ErrorContains(t, err, "column id is missing")
	key, err := respelled(change.PostgreSQL, change.Key{`\xcafe`, "2026-02-03 04:05:06.070+00"}, columns)
	require.NoError(t, err)
	require.Equal(t, r.first, key)
}

func TestAnErasureReadsRecordsAsOfTheKindOfItsSource(t *testing.T) {
	s := newScene(t)
	e := s.erasure(false)
	e.Kind = change.PostgreSQL
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, "shop.orders", report.Table)
	of := &run{Erasure: e}
	require.NoError(t, of.identify(t.Context()))
	require.Equal(t, change.PostgreSQL, of.row.kind)
}
