package athena

import (
	"cdcpipeline/internal/lake/views"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyed is shop.Orders with a key whose types have several spellings in records.
var keyed = views.Table{
	Database: "shop", Name: "Orders", PrimaryKey: []string{"id", "code", "tag", "tail", "at", "happened", "price"},
	Columns: []views.Column{
		{Name: "id", Type: "int(11)"},
		{Name: "code", Type: "varchar(20)"},
		{Name: "tag", Type: "binary(4)"},
		{Name: "tail", Type: "varbinary(8)"},
		{Name: "at", Type: "time(6)"},
		{Name: "happened", Type: "datetime(6)"},
		{Name: "price", Type: "decimal(50,2)"}, // more digits than Athena supports
		{Name: "v", Type: "int(11)"},
	},
}

// A row appears once in the view, whichever of two spellings its load, its changes and its delete use for the key.
func TestRowsAreOneHoweverTheirKeysAreWritten(t *testing.T) {
	written := [2]string{
		`"code":"","tag":"0xCAFE0000","tail":"0x","at":"12:00:00","happened":"2026-01-02T03:04:05Z","price":1.5`,
		`"code":null,"tag":"0xCAFE","at":"12:00:00.000000","happened":"2026-01-02T03:04:05.000Z","price":1.50`,
	}
	image := func(id, way, v int) string { return fmt.Sprintf(`{"id":%d,%s,"v":%d}`, id, written[way], v) }
	var lines []string
	for way := range 2 {
		id, other := 10*way, 1-way
		lines = append(lines,
			load(0, image(id+1, way, 1)), changed("update", 1, 10, id+1, image(id+1, other, 2), image(id+1, way, 0)),
			load(0, image(id+2, way, 1)), changed("delete", 1, 10, id+2, image(id+2, other, 1), ""),
			// Its code changes from empty text.
			load(0, image(id+3, way, 1)), changed("update", 1, 10, id+3, fmt.Sprintf(`{"id":%d,"code":"x","tag":"0xCAFE0000","tail":"0x","at":"12:00:00","happened":"2026-01-02T03:04:05Z","price":1.5,"v":3}`, id+3), image(id+3, other, 0)),
			// This update lacks the former key.
			load(0, image(id+4, way, 1)), changed("update", 1, 10, id+4, image(id+4, other, 4), ""),
		)
	}
	got, err := answers(t, asked(t, keyed), lake{object: lines})
	require.NoError(t, err)
	rows := map[string]string{}
	for _, row := range got.Views["shop_orders"] {
		require.NotContains(t, rows, row["id"], "the row is there twice")
		rows[row["id"].(string)] = fmt.Sprint(row["code"], row["tag"], row["tail"], row["at"], row["price"], " ", row["v"])
	}
	require.Equal(t, map[string]string{
		"1": "0xCAFE00000x12:00:001.5 2", "3": "x0xCAFE00000x12:00:001.5 3", "4": "0xCAFE00000x12:00:001.5 4",
		"11": "0xCAFE00000x12:00:001.5 2", "13": "x0xCAFE00000x12:00:001.5 3", "14": "0xCAFE00000x12:00:001.5 4",
	}, rows)
}
