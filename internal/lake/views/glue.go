package views

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// Text is a view as Athena keeps it in the Glue Data Catalog: the view of Presto's Hive connector, JSON in base64 in a
// comment. AWS publishes no description; it is what Athena's CREATE VIEW writes and what people write in its place, as in
// https://github.com/iconara/terraform-aws-athena-view/blob/main/main.tf.
func (v View) Text(database string) (string, error) {
	type column struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	view := struct {
		OriginalSQL string   `json:"originalSql"`
		Catalog     string   `json:"catalog"`
		Schema      string   `json:"schema"`
		Columns     []column `json:"columns"`
	}{OriginalSQL: v.SQL, Catalog: "awsdatacatalog", Schema: database}
	for _, f := range v.Fields {
		view.Columns = append(view.Columns, column{f.Name, f.SQL})
	}
	text, err := json.Marshal(view)
	if err != nil {
		return "", fmt.Errorf("writing the view %s: %w", v.Name, err)
	}
	return "/* Presto View: " + base64.StdEncoding.EncodeToString(text) + " */", nil
}

// ViewParameters mark a table of the catalog as such a view.
func ViewParameters() map[string]string { return map[string]string{"presto_view": "true"} }

// LineParameters keep a line whole whatever is in it.
func LineParameters() map[string]string {
	return map[string]string{"serialization.format": "1", "serialization.last.column.takes.rest": "true"}
}

var (
	// Record is the only column of a table of records: the line.
	Record = Field{"record", "string", "varchar"}
	// Partitions are by the time of a record's arrival in the stream, in UTC.
	Partitions = []Field{{"dt", "string", "varchar"}, {"hour", "string", "varchar"}}
)

// The classes that read lines, and write them.
const (
	TextInput  = "org.apache.hadoop.mapred.TextInputFormat"
	TextOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	LineSerDe  = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
)

// Location is the folder of a table's records, with a slash at its end: root is s3://bucket/prefix. Names are escaped as
// the delivery does it.
func Location(root, schema, table string) string {
	return fmt.Sprintf("%s/schema=%s/table=%s/", root, escaped(schema), escaped(table))
}

// escaped is a name as jq's @uri writes it.
func escaped(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// RecordParameters let Athena work out the partitions by itself, from a day (2026-01-31) to now: no crawler, no command
// after each hour, https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html.
func RecordParameters(location, since string) map[string]string {
	return map[string]string{
		"EXTERNAL":                  "TRUE",
		"classification":            "json",
		"compressionType":           "gzip",
		"projection.enabled":        "true",
		"projection.dt.type":        "date",
		"projection.dt.format":      "yyyy-MM-dd",
		"projection.dt.range":       since + ",NOW",
		"projection.hour.type":      "integer",
		"projection.hour.range":     "0,23",
		"projection.hour.digits":    "2",
		"storage.location.template": location + "dt=${dt}/hour=${hour}/",
	}
}
