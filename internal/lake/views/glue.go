package views

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Text is a view in Athena's format for the Glue Data Catalog: the view of Presto's Hive connector, as JSON in base64
// in a comment. AWS does not document it. It is the output of Athena's CREATE VIEW, and what people write instead, as
// in https://github.com/iconara/terraform-aws-athena-view/blob/main/main.tf.
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
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(view); err != nil {
		return "", fmt.Errorf("writing the view %s: %w", v.Name, err)
	}
	written := "/* Presto View: " + base64.StdEncoding.EncodeToString(bytes.TrimSpace(text.Bytes())) + " */"
	if len(written) > longestText {
		return "", fmt.Errorf("the view %s takes %d bytes for its %d columns, and Glue takes %d: leave columns out (omitColumns of source.tables)", v.Name, len(written), len(v.Fields), longestText)
	}
	return written, nil
}

// longestText is the maximum length of a view's text,
// https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html.
const longestText = 409600

// ViewParameters mark a catalog table as such a view. Trino looks for the comment,
// https://github.com/trinodb/trino/blob/476/plugin/trino-hive/src/main/java/io/trino/plugin/hive/ViewReaderUtil.java.
// Athena's CREATE VIEW writes both parameters.
func ViewParameters() map[string]string {
	return map[string]string{"presto_view": "true", "comment": "Presto View"}
}

// Owner of the views, as Presto's Hive connector requires. Trino refuses a view without one,
// https://github.com/trinodb/trino/blob/476/core/trino-spi/src/main/java/io/trino/spi/connector/ConnectorViewDefinition.java.
const Owner = "cdc-pipeline"

// LineParameters keep a line whole, whatever it contains.
func LineParameters() map[string]string {
	return map[string]string{"serialization.format": "1", "serialization.last.column.takes.rest": "true"}
}

var (
	// Record is the only column of a records table: the line.
	Record = Field{"record", "string", "varchar"}
	// Partitions are by a record's time of arrival in the stream, in UTC.
	Partitions = []Field{{"dt", "string", "varchar"}, {"hour", "string", "varchar"}}
)

// The classes that read and write lines.
const (
	TextInput  = "org.apache.hadoop.mapred.TextInputFormat"
	TextOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	LineSerDe  = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
)

// RecordParameters let Athena compute the partitions from a day (2026-01-31) until now, without a crawler or an
// hourly command, https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html.
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
