package mysql

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// lobCapacity is the most bytes a LOB type holds; types that are not LOBs are not in it. JSON and the spatial
// types travel as LOBs too: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.DataTypes.
var lobCapacity = map[string]int64{
	"tinyblob": 1<<8 - 1, "tinytext": 1<<8 - 1,
	"blob": 1<<16 - 1, "text": 1<<16 - 1,
	"mediumblob": 1<<24 - 1, "mediumtext": 1<<24 - 1,
	"longblob": 1<<32 - 1, "longtext": 1<<32 - 1, "json": 1<<32 - 1,
	"geometry": 1<<32 - 1, "point": 1 << 7, "linestring": 1<<32 - 1, "polygon": 1<<32 - 1, "multipoint": 1<<32 - 1,
	"multilinestring": 1<<32 - 1, "multipolygon": 1<<32 - 1, "geometrycollection": 1<<32 - 1, "geomcollection": 1<<32 - 1,
}

// scanSeconds is how long one table may be read for its longest value.
const scanSeconds = 45

// measureLobs compares the real lengths of LOBs with what the task takes: a longer one would stop it.
func (r *run) measureLobs(ctx context.Context) {
	for _, t := range r.findings.Tables {
		lobs := lobColumns(t.Columns, int64(r.req.LobMaxSizeKb)*1024)
		lobs = slices.DeleteFunc(lobs, func(column string) bool { return r.omits(t.Table, column) })
		if len(lobs) > 0 {
			r.measureTable(ctx, t, lobs)
		}
	}
}

// lobColumns are the columns that can hold more than limit bytes.
func lobColumns(columns []Column, limit int64) []string {
	var lobs []string
	for _, c := range columns {
		base, _, _ := strings.Cut(strings.ToLower(c.Type), "(")
		base, _, _ = strings.Cut(base, " ")
		if lobCapacity[base] > limit {
			lobs = append(lobs, c.Name)
		}
	}
	return lobs
}

func (r *run) measureTable(ctx context.Context, found TableFound, lobs []string) {
	t := found.Table
	f := Finding{Check: "largest LOB of " + t.String(), Status: OK}
	longest, column, err := r.longestLob(ctx, t, lobs)
	switch kb := (longest + 1023) / 1024; {
	case IsServerError(err, errQueryTimeout, errStatementTimeMariaDB):
		f.Status, f.Value = Warning, fmt.Sprintf("not measured within %d s", scanSeconds)
		f.Advice = fmt.Sprintf("be sure that no value of %s is longer than replication.lobMaxSizeKb (%d)", strings.Join(lobs, ", "), r.req.LobMaxSizeKb)
	case err != nil:
		r.broke(fmt.Errorf("measuring the LOBs of %s: %w", t, err))
		return
	case column == "":
		f.Value = "none yet"
	default:
		f.Value = fmt.Sprintf("%d KB in %s", kb, column)
		if kb > int64(r.req.LobMaxSizeKb) {
			f.Status = Failed
			f.Advice = fmt.Sprintf("raise replication.lobMaxSizeKb from %d to at least %d", r.req.LobMaxSizeKb, kb)
			if kb > maxLobKb {
				f.Advice = fmt.Sprintf("DMS takes at most %d KB: shorten the value, or keep the column in a table that is not followed", maxLobKb)
				if way := r.omission(found, column); way != "" {
					f.Advice += ", or " + way
				}
			}
		}
	}
	r.add(f)
}

// maxLobKb is the largest LOB a Kinesis target takes, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
const maxLobKb = 1024

// longestLob reads the table once.
func (r *run) longestLob(ctx context.Context, t Table, lobs []string) (longest int64, column string, err error) {
	lengths := make([]string, len(lobs))
	for i, c := range lobs {
		lengths[i] = "MAX(OCTET_LENGTH(" + quoteName(c) + "))"
	}
	rows, err := r.db.Query(ctx, r.limited("SELECT "+strings.Join(lengths, ", ")+" FROM "+t.quoted()))
	if err != nil || len(rows) == 0 {
		return 0, "", err
	}
	for i, text := range rows[0] {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && (column == "" || n > longest) {
			longest, column = n, lobs[i]
		}
	}
	return longest, column, nil
}

// limited is a SELECT that the server ends when it takes too long.
func (r *run) limited(query string) string {
	if r.server.mariaDB() {
		return fmt.Sprintf("SET STATEMENT max_statement_time = %d FOR %s", scanSeconds, query)
	}
	return fmt.Sprintf("SELECT /*+ MAX_EXECUTION_TIME(%d) */%s", scanSeconds*1000, strings.TrimPrefix(query, "SELECT"))
}
