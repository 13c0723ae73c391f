package stages

import (
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/rehearsal/report"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// unrecordedStatement is a statement for which DMS sends no record, with its table. % stands for the table's name.
type unrecordedStatement struct{ table, partitions, statements string }

// unrecorded has one of each kind. A swap or an exchange uses a database that is not followed.
var unrecorded = []unrecordedStatement{
	{"truncated", "", "TRUNCATE TABLE ddl.%; INSERT INTO ddl.% VALUES (1, 'new'), (900, 'new')"},
	{"recreated", "", "DROP TABLE ddl.%; CREATE TABLE ddl.% " + plainTable + "; INSERT INTO ddl.% VALUES (901, 'new')"},
	{"swapped", "", "CREATE TABLE ddl_aside.% LIKE ddl.%; INSERT INTO ddl_aside.% SELECT * FROM ddl.% WHERE id > 10; RENAME TABLE ddl.% TO ddl_aside.old, ddl_aside.% TO ddl.%"},
	{"partition_dropped", ranges, "ALTER TABLE ddl.% DROP PARTITION p0; INSERT INTO ddl.% VALUES (902, 'new')"},
	{"partition_truncated", ranges, "ALTER TABLE ddl.% TRUNCATE PARTITION p1"},
	{"partition_exchanged", ranges, "CREATE TABLE ddl_aside.% " + plainTable + "; ALTER TABLE ddl.% EXCHANGE PARTITION p1 WITH TABLE ddl_aside.%"},
	{"dropped", "", "DROP TABLE ddl.%"},
}

// altered is a table that only gets a column, by a rebuild. Records report that, so nothing else must be reported.
const altered = "altered"

const (
	plainTable = "(id INT PRIMARY KEY, v VARCHAR(20))"
	ranges     = " PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (20), PARTITION p1 VALUES LESS THAN (40), PARTITION pmax VALUES LESS THAN MAXVALUE)"
)

// DDL makes rows disappear in each way that no record reports. cdc status must name each table, and the command that
// it recommends must repair it.
func DDL(ctx context.Context, r *Run) error {
	if err := loadDDL(ctx, r); err != nil {
		return err
	}
	if _, err := r.Tool.Run(ctx, "status-before-ddl", 0, "status", "--ca", r.Tool.CA); err != nil {
		return err
	}
	db := r.World.Database.Root()
	for _, u := range unrecorded {
		if err := execute(ctx, db, strings.Split(strings.ReplaceAll(u.statements, "%", u.table), "; ")...); err != nil {
			return err
		}
	}
	if err := execute(ctx, db, "ALTER TABLE ddl."+altered+" ADD COLUMN w INT, ALGORITHM=COPY", "INSERT INTO ddl."+altered+" VALUES (903, 'new', 1)"); err != nil {
		return err
	}
	if err := noticed(ctx, r); err != nil {
		return err
	}
	return mended(ctx, r)
}

// loadDDL makes, follows and loads the tables.
func loadDDL(ctx context.Context, r *Run) error {
	db := r.World.Database.Root()
	if err := execute(ctx, db, "CREATE DATABASE ddl", "CREATE DATABASE ddl_aside"); err != nil {
		return err
	}
	load := []string{"start", "--no-compare"}
	all := append(slices.Clone(unrecorded), unrecordedStatement{table: altered})
	for _, u := range all {
		if err := execute(ctx, db, "CREATE TABLE ddl."+u.table+" "+plainTable+u.partitions, "INSERT INTO ddl."+u.table+" SELECT seq, CONCAT('v', seq) FROM ddl.seq_1_to_50"); err != nil {
			return err
		}
		load = append(load, "--reload-table", "ddl."+u.table)
	}
	for key, value := range map[string]string{"database": "ddl", "table": "%"} {
		if err := r.Stack.SetConfig(ctx, "cdc-pipeline:source.tables[2]."+key, value); err != nil {
			return err
		}
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("following the tables: %w", err)
	}
	if _, err := r.Tool.Run(ctx, "start-reload-ddl", 0, load...); err != nil {
		return err
	}
	for _, u := range all {
		if err := showsRows(ctx, r, "ddl."+u.table, 50); err != nil {
			return err
		}
	}
	return nil
}

// noticed waits until cdc status names exactly the tables that lost rows, with the repair.
func noticed(ctx context.Context, r *Run) error {
	result := &report.DDL{Kinds: len(unrecorded)}
	r.Report.DDL = result
	var named, wanted []string
	for _, u := range unrecorded {
		wanted = append(wanted, "ddl."+u.table)
	}
	slices.Sort(wanted)
	for began := time.Now(); ; {
		text, err := r.Tool.Run(ctx, "status-ddl-json", 1, "status", "--output", "json", "--ca", r.Tool.CA)
		if err != nil {
			return err
		}
		var said status.Status
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			return fmt.Errorf("reading what cdc status says: %w", err)
		}
		named = nil
		problems := strings.Join(said.Problems, "\n")
		for _, t := range said.DDL.Tables {
			if strings.Contains(problems, "`cdc start --reload-table "+t.Name+"`") {
				named = append(named, t.Name)
			}
		}
		if slices.Equal(named, wanted) {
			result.Reported = len(named)
			_, err := r.Tool.Run(ctx, "status-ddl", 1, "status", "--ca", r.Tool.CA)
			return err
		}
		if time.Since(began) > time.Minute { // the task reaches the ALTER TABLE within seconds
			return fmt.Errorf("cdc status names %v, not %v: %s", named, wanted, said.DDL.Error)
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}

// mended runs the command for two of the tables, which compares them, and checks the result.
func mended(ctx context.Context, r *Run) error {
	chosen := []string{"ddl.truncated", "ddl.partition_dropped"}
	command := []string{"start", "--ca", r.Tool.CA}
	for _, name := range chosen {
		command = append(command, "--reload-table", name)
	}
	if _, err := r.Tool.Run(ctx, "start-after-ddl", 0, command...); err != nil {
		return err
	}
	for _, name := range chosen {
		rows, err := tableRows(ctx, r, name)
		if err != nil {
			return err
		}
		if err := showsRows(ctx, r, name, len(rows)); err != nil {
			return err
		}
	}
	text, err := r.Tool.Run(ctx, "status-after-ddl", 1, "status", "--ca", r.Tool.CA)
	if err != nil {
		return err
	}
	for _, name := range chosen {
		if strings.Contains(text, "--reload-table "+name+"`") {
			return errors.New("cdc status still names " + name + ", which was loaded again")
		}
	}
	return nil
}

// showsRows waits until a table's alias shows this number of rows.
func showsRows(ctx context.Context, r *Run, table string, rows int) error {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	alias := r.aliasOf(table)
	for began := time.Now(); ; {
		shown := -1
		if err = admin.Refresh(ctx, alias); err == nil {
			shown, err = admin.Count(ctx, alias)
		}
		if err == nil && shown == rows {
			return nil
		}
		if time.Since(began) > time.Minute {
			return errors.Join(fmt.Errorf("%s shows %d rows, not %d", alias, shown, rows), err)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}
