// Package tables writes the specification for the job that maintains the lake's tables, in the format of
// functions/tables: each table's columns and the locations of its records and files. It also packs the job's code and
// writes the view through which Athena reads a table.
package tables

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/partition"
	"cdcpipeline/internal/lake/views"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Spec is the complete specification of the job. cdctables/spec.py has the same members.
type Spec struct {
	Format   config.TableFormat `json:"format"`
	Bucket   string             `json:"bucket"`
	Database string             `json:"database"`
	// Source is the name of the source; empty for the unnamed one.
	Source string `json:"source,omitempty"`
	// Errors is the prefix of records that cannot be applied. State is the prefix of the job's own objects.
	Errors        string `json:"errors"`
	State         string `json:"state"`
	TombstoneDays int    `json:"tombstone_days"`
	LookbackDays  int    `json:"lookback_days"`
	// VersionDays is how long files that only former versions of a table need are kept.
	VersionDays int `json:"version_days"`
	// UpkeepHours is the interval between two upkeeps of a table.
	UpkeepHours int `json:"upkeep_hours"`
	// BatchMb is the maximum size of a commit's objects; 0 leaves it to the job.
	BatchMb int     `json:"batch_mb,omitempty"`
	Tables  []Table `json:"tables"`
}

// Table is a table of the specification.
type Table struct {
	// Kind of the source; omitted for MySQL.
	Kind     change.Kind `json:"kind,omitempty"`
	Name     string      `json:"name"`
	Next     string      `json:"next"`
	Schema   string      `json:"schema"`
	Table    string      `json:"table"`
	Raw      string      `json:"raw"`
	Location string      `json:"location"`
	Columns  []Column    `json:"columns"`
	Key      []string    `json:"key"`
	Omitted  []string    `json:"omitted"`
	Since    string      `json:"since"`
}

// Column is a column of the specification.
type Column struct {
	Name     string `json:"name"`
	Member   string `json:"member"`
	Declared string `json:"declared"`
	Type     string `json:"type"`
	// Outside means that a PostgreSQL update may omit the value when it is unchanged: [change.Outside].
	Outside bool `json:"outside,omitempty"`
}

// NewSpec is the specification for a source's lake. The lake's settings must have their defaults; the stream keeps records
// for retentionHours.
func NewSpec(source string, lake config.Lake, bucket, database string, retentionHours int, tables ...Table) Spec {
	return Spec{
		Format: lake.Tables.Format, Bucket: bucket, Database: database, Source: source,
		Errors: Errors(lake), State: StateOf(source),
		TombstoneDays: lake.Tables.TombstoneDays, LookbackDays: (retentionHours+23)/24 + deliveryDays, VersionDays: versionDays, UpkeepHours: 24,
		Tables: append([]Table{}, tables...),
	}
}

// versionDays is Iceberg's default in expire_snapshots,
// https://iceberg.apache.org/docs/1.10.0/configuration/#table-behavior-properties.
const versionDays = 5

// deliveryDays is how long a delivery may retry, rounded up. Firehose retries writing to S3 for a day
// (https://docs.aws.amazon.com/firehose/latest/dev/retry.html), and an object has the hour of its first record.
const deliveryDays = 2

// State is the prefix of the unnamed source's own objects of the job, with its reports about tables.
const State = config.TablesPrefix + "/_state"

// StateOf is that prefix for a source's job; an empty name is the unnamed source.
func StateOf(source string) string {
	if source == "" {
		return State
	}
	return State + "/source=" + source
}

// Errors is the prefix of records that cannot be applied.
func Errors(lake config.Lake) string { return lake.ErrorPrefix + "/tables" }

// Text is the specification in the job's format. Equal specifications have equal texts.
func (s Spec) Text() (string, error) {
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return "", fmt.Errorf("writing the specification of the tables' job: %w", err)
	}
	return string(text) + "\n", nil
}

// Describe returns the specification of a table under its catalog name. The lake's records may still contain the
// omitted columns, from the time before they were omitted.
func Describe(lake config.Lake, name views.Name, t views.Table, omitted []string) (Table, error) {
	fields, key, err := views.Fields(t)
	if err != nil {
		return Table{}, fmt.Errorf("the lake's tables: %w", err)
	}
	out := Table{
		Name: name.Table(), Next: name.Next(), Schema: t.Database, Table: t.Name,
		Raw:      partition.Folder(lake.Prefix, t.Database, t.Name),
		Location: Location(lake.Tables, name, t.Since),
		Omitted:  append([]string{}, omitted...),
	}
	if !t.Since.IsZero() {
		out.Since = t.Since.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano) // Python's precision
	}
	if t.Kind.Postgres() {
		out.Kind = t.Kind
	}
	for i, column := range columnNames(fields) {
		of := fields[i]
		out.Columns = append(out.Columns, Column{
			Name: column, Member: of.Column.Name, Declared: of.Column.Type, Type: of.Hive, Outside: t.Kind.Postgres() && change.Outside(of.Column.Type),
		})
	}
	for _, k := range key {
		out.Key = append(out.Key, k.Column.Name)
	}
	return out, nil
}

// Location is where a table's files are, below the bucket: a folder for each epoch. A new generation, format or
// rowsSince starts a new epoch.
func Location(cfg config.LakeTables, name views.Name, since time.Time) string {
	epoch := "all"
	if !since.IsZero() {
		epoch = since.UTC().Format("20060102T150405.000000Z")
	}
	return fmt.Sprintf("%s/%d/%s/%s/%s", config.TablesPrefix, cfg.Generation, cfg.Format, name, epoch)
}

// reserved are the names of the job's own columns, in a table or during processing.
var reserved = regexp.MustCompile(`^(cdc_(key|version|gone|at|kind|binlog|detail|rank|told)|_hoodie_.*)$`)

// columnNames are the names of a table's columns. They are those of the views, except for a source column whose name
// the job reserves. In that case views rename their own columns instead, but the job's names are the same in every
// table.
func columnNames(fields []views.SourceField) []string {
	taken := map[string]bool{}
	for _, f := range fields {
		taken[f.Name] = !reserved.MatchString(f.Name)
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		if !reserved.MatchString(f.Name) {
			continue
		}
		for names[i] = "source_" + f.Name; taken[names[i]]; {
			names[i] = "source_" + names[i]
		}
		taken[names[i]] = true
	}
	return names
}

// Rows is the view of rows that reads a table. It has the source's columns, with the types of the view that reads the
// records.
func Rows(name views.Name, t views.Table) (views.View, error) { return rows(name, name.Table(), t) }

func rows(name views.Name, table string, t views.Table) (views.View, error) {
	fields, _, err := views.Fields(t)
	if err != nil {
		return views.View{}, fmt.Errorf("the lake's tables: %w", err)
	}
	v := views.View{Name: name.Rows()}
	shown := make([]string, len(fields))
	for i, column := range columnNames(fields) {
		v.Fields = append(v.Fields, fields[i].Field)
		shown[i] = quoted(column)
		if fields[i].Hive == "timestamp" {
			shown[i] = instant(shown[i], fields[i].SQL)
		}
		if shown[i] != quoted(fields[i].Name) {
			shown[i] += " AS " + quoted(fields[i].Name)
		}
	}
	v.SQL = fmt.Sprintf("SELECT\n  %s\nFROM %s\nWHERE NOT \"cdc_gone\"\n", strings.Join(shown, ",\n  "), quoted(table))
	return v, nil
}

// instant is the SQL of a time as in the views: in UTC, without a zone. Iceberg's times, which Spark calls
// timestamps, have a zone. Hudi's have none. Whether Delta Lake's have one depends on the version of Athena, whose
// sessions are in UTC.
func instant(column, sql string) string {
	return fmt.Sprintf("CAST(at_timezone(CAST(%s AS timestamp(6) with time zone), 'UTC') AS %s)", column, sql)
}

// quoted quotes an identifier of letters, digits and underscores.
func quoted(name string) string { return `"` + name + `"` }
