package status

import (
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/operator/slot"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Database reads the definitions of the source's tables and its replication slots.
type Database interface {
	Tables(context.Context) (map[table.Name]*ddl.Table, error)
	Slots(context.Context) ([]slot.Slot, error)
	io.Closer
}

// Kept stores what earlier looks found out about the tables. [ddl.Store] implements it.
type Kept interface {
	Read(context.Context) (map[string]ddl.Known, error)
	// Sightings returns what the canary has seen.
	Sightings(context.Context) (map[string]ddl.Sighting, error)
	Write(ctx context.Context, known, kept map[string]ddl.Known) error
}

// DDLStatus reports DDL statements whose effect the sinks do not show until the tables are loaded again.
type DDLStatus struct {
	// Tables lists, by name, the tables that were emptied, replaced or dropped, or lost a column, since their load.
	Tables []ChangedTable `json:"tables"`
	Error  string         `json:"error,omitempty"`
}

// ChangedTable is a table that a DDL statement has changed since its load.
type ChangedTable struct {
	Name string `json:"name"`
	// Gone is true if the table does not exist now.
	Gone    bool         `json:"gone"`
	Changes []ddl.Change `json:"changes"`
}

// readDDL compares the tables with their stored definitions and stores what it finds. It treats accepted tables as
// loaded in their present form. It ignores the tables of `cdc conformance`, which come and go.
func (s Source) readDDL(ctx context.Context, tables TablesStatus, now time.Time) DDLStatus {
	status := DDLStatus{Tables: []ChangedTable{}}
	if s.Database == nil || tables.Error != "" {
		return status
	}
	fail := func(err error) DDLStatus {
		status.Error = explain(ctx, err)
		return status
	}
	database, err := s.Database(ctx)
	if err != nil {
		return fail(err)
	}
	defer database.Close()
	made, err := database.Tables(ctx)
	if err != nil {
		return fail(err)
	}
	kept, err := s.Kept.Read(ctx)
	if err != nil {
		return fail(err)
	}
	sightings, err := s.Kept.Sightings(ctx)
	if err != nil {
		return fail(err)
	}
	at := now.UTC().Truncate(time.Second)
	known, accept := maps.Clone(kept), slices.Clone(s.Accept)
	probes, _ := table.ParsePattern(s.ProbeTables)
	for _, t := range tables.statistics {
		n := table.Name{Database: aws.ToString(t.SchemaName), Table: aws.ToString(t.TableName)}
		loading := t.FullLoadStartTime != nil && t.FullLoadEndTime == nil
		if loading || s.ProbeTables != "" && probes.Matches(n) {
			continue
		}
		name, is, statistics := n.String(), made[n], ddlStatistics(t)
		if i := slices.Index(accept, name); i >= 0 && is != nil {
			accept = slices.Delete(accept, i, i+1)
			known[name] = ddl.Accepted(is, statistics, at)
			continue
		}
		k, changes := ddl.Look(kept[name], is, statistics, at)
		if missed := sightings[name].Missed(kept[name], k); missed != nil {
			k.Changes, changes = append(slices.Clip(k.Changes), *missed), append(slices.Clip(changes), *missed)
		}
		if known[name] = k; len(changes) > 0 {
			status.Tables = append(status.Tables, ChangedTable{Name: name, Gone: is == nil, Changes: changes})
		}
	}
	if len(accept) > 0 {
		status.Error = "--accept-table: the task has not loaded a table " + strings.Join(accept, ", ")
	}
	if err := s.Kept.Write(ctx, known, kept); err != nil {
		return fail(err)
	}
	return status
}

// NoteTables compares the tables and stores what it finds, as a status does, without showing it. A command calls it
// after it has loaded tables again.
func (s Source) NoteTables(ctx context.Context, dms task.Reader) error {
	tables := readTables(ctx, dms, s.Outputs)
	noted := s.readDDL(ctx, tables, time.Now())
	if problem := cmp.Or(tables.Error, noted.Error); problem != "" {
		return fmt.Errorf("noting how the tables are made: %s: run `cdc status`, which notes it too", problem)
	}
	return nil
}

// NoteLoads stores that tables were loaded again, without a look at the database. It covers the named tables, or all if
// none is named. The next status finds out their definitions. From now on the canary does not count them as tables to
// reload.
func (s Source) NoteLoads(ctx context.Context, dms task.Reader, names []table.Name) error {
	fail := func(err error) error {
		return fmt.Errorf("noting that tables are loaded: %w: run `cdc status`, which does it too", err)
	}
	tables := readTables(ctx, dms, s.Outputs)
	if tables.Error != "" {
		return fail(errors.New(tables.Error))
	}
	kept, err := s.Kept.Read(ctx)
	if err != nil {
		return fail(err)
	}
	at, known := time.Now().UTC().Truncate(time.Second), maps.Clone(kept)
	for _, t := range tables.statistics {
		n := table.Name{Database: aws.ToString(t.SchemaName), Table: aws.ToString(t.TableName)}
		if t.FullLoadEndTime != nil && (len(names) == 0 || slices.Contains(names, n)) {
			known[n.String()] = ddl.Known{Seen: at}
		}
	}
	if err := s.Kept.Write(ctx, known, kept); err != nil {
		return fail(err)
	}
	return nil
}

func ddlStatistics(t types.TableStatistics) ddl.Statistics {
	return ddl.Statistics{Began: aws.ToTime(t.FullLoadStartTime).UTC(), Loaded: aws.ToTime(t.FullLoadEndTime).UTC(), Ddls: t.Ddls}
}

// problem describes the change for people, with what to type.
func (t ChangedTable) problem() string {
	var rows, columns []string
	for _, c := range t.Changes {
		when := "before " + timestamp(&c.Before)
		if !c.After.IsZero() {
			when = fmt.Sprintf("between %s and %s", timestamp(&c.After), timestamp(&c.Before))
		}
		if len(c.Columns) > 0 {
			columns = append(columns, c.What+" "+when)
		} else {
			rows = append(rows, c.What+" "+when)
		}
	}
	var all []string
	if len(rows) > 0 {
		all = append(all, strings.Join(rows, "; ")+". DMS sends no record of this, so the sinks still show removed rows")
	}
	if len(columns) > 0 {
		all = append(all, strings.Join(columns, "; ")+". Rows that have not changed since then still show it")
	}
	then := ""
	if t.Gone {
		then = " when the table exists again"
	}
	return fmt.Sprintf("table %s: %s: run `cdc start --reload-table %s`%s", t.Name, strings.Join(all, ". "), t.Name, then)
}
