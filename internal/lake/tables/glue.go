package tables

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lake/views"
)

// Storage is the classes and parameters by which Athena reads a table whose job tells Glue nothing of it: of Delta Lake and Hudi
// it writes files alone.
type Storage struct {
	InputFormat, OutputFormat, SerDe string
	Parameters                       map[string]string
}

// StorageOf a format; false where the job makes the table in the catalog.
func StorageOf(format config.TableFormat) (Storage, bool) {
	switch format {
	case config.FormatDelta:
		// What the log beside the files says is the table, and nobody loads the classes, which are those that Spark writes:
		// https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables-getting-started.html.
		return Storage{
			InputFormat:  "org.apache.hadoop.mapred.SequenceFileInputFormat",
			OutputFormat: "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
			SerDe:        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
			Parameters:   map[string]string{"EXTERNAL": "TRUE", "table_type": "DELTA", "classification": "delta", "spark.sql.sources.provider": "delta"},
		}, true
	case config.FormatHudi:
		// https://docs.aws.amazon.com/athena/latest/ug/querying-hudi-copy-on-write-create-table-examples.html
		return Storage{
			InputFormat:  "org.apache.hudi.hadoop.HoodieParquetInputFormat",
			OutputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
			SerDe:        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
			Parameters:   map[string]string{"EXTERNAL": "TRUE"},
		}, true
	default:
		return Storage{}, false
	}
}

// Stored are the columns that a table's files have, with their Hive types.
func (t Table) Stored(format config.TableFormat) []views.Field {
	var columns []views.Field
	if format == config.FormatHudi {
		for _, name := range []string{"commit_time", "commit_seqno", "record_key", "partition_path", "file_name"} {
			columns = append(columns, views.Field{Name: "_hoodie_" + name, Hive: "string"})
		}
	}
	for _, c := range t.Columns {
		columns = append(columns, views.Field{Name: c.Name, Hive: c.Type})
	}
	return append(columns, own...)
}
