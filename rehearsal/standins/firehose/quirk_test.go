package firehose

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordOfTable returns a record of a table.
func recordOfTable(table string) string {
	return `{"t":"x","metadata":{"schema-name":"shop","table-name":"` + table + `"}}` + "\n"
}

func TestAQuirkOfDocumentsIsOfOneTable(t *testing.T) {
	c, s, _ := newCloud(t, searchJSON(1, 0, 5, ""))
	require.NoError(t, s.Create(t.Context(), "d"))
	s.Quirk("shop", "orders", Quirk{Document: func(index, _ string, data []byte) (string, string, []byte) {
		return index + "-odd", "id-of-its-own", bytes.ReplaceAll(data, []byte("x"), []byte("y"))
	}})
	c.put("shard-0", recordOfTable("orders"), recordOfTable("lines"), "no JSON, and poison")
	drained(t, s)
	require.Equal(t, "retail-trans-2026-11-23-odd "+strings.TrimSpace(strings.Replace(recordOfTable("orders"), `"x"`, `"y"`, 1)), c.indexed["id-of-its-own"])
	require.Len(t, c.indexed, 2)
	for id, document := range c.indexed {
		require.Equal(t, id == "id-of-its-own", strings.Contains(document, "odd"))
	}
}

func TestAQuirkOfObjectsIsOfOneTable(t *testing.T) {
	c, s, _ := newCloud(t, lakeJSON(1))
	require.NoError(t, s.Create(t.Context(), "d"))
	s.Quirk("shop", "orders", Quirk{
		Keys: func(keys map[string]string, data []byte) map[string]string {
			require.Contains(t, string(data), "orders")
			return map[string]string{"t": keys["t"] + "-odd"}
		},
		Object: func(prefix string, lines [][]byte) (string, [][]byte) {
			return strings.Replace(prefix, "dt=", "day=", 1), [][]byte{bytes.ReplaceAll(bytes.Join(lines, nil), []byte("\n"), nil)}
		},
	})
	c.put("shard-0", recordOfTable("orders"), recordOfTable("orders"), recordOfTable("lines"))
	require.Equal(t, Stats{Records: 3, Delivered: 3}, drained(t, s))
	_, odd := c.object("t=x-odd/day=2026-11-23/")
	require.Equal(t, strings.Repeat(strings.TrimSpace(recordOfTable("orders")), 2), unzip(t, odd))
	_, usual := c.object("t=x/dt=2026-11-23/")
	require.Equal(t, recordOfTable("lines")+"\n", unzip(t, usual))
}

func unzip(t *testing.T, body string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(text)
}
