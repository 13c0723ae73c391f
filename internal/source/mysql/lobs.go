package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// lobCapacity is the maximum size of each LOB type in bytes. JSON and the spatial types travel as LOBs too:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.DataTypes.
var lobCapacity = map[string]int64{
	"tinyblob": 1<<8 - 1, "tinytext": 1<<8 - 1,
	"blob": 1<<16 - 1, "text": 1<<16 - 1,
	"mediumblob": 1<<24 - 1, "mediumtext": 1<<24 - 1,
	"longblob": 1<<32 - 1, "longtext": 1<<32 - 1, "json": 1<<32 - 1,
	"geometry": 1<<32 - 1, "point": 1 << 7, "linestring": 1<<32 - 1, "polygon": 1<<32 - 1, "multipoint": 1<<32 - 1,
	"multilinestring": 1<<32 - 1, "multipolygon": 1<<32 - 1, "geometrycollection": 1<<32 - 1, "geomcollection": 1<<32 - 1,
}

// measureLobs compares the actual lengths of LOBs with the task's limit: a longer one would stop it.
func (r *run) measureLobs(ctx context.Context) {
	for _, t := range r.findings.Tables {
		lobs := lobColumns(t.Columns, int64(r.req.LobMaxSizeKb)*1024)
		lobs = slices.DeleteFunc(lobs, func(column string) bool { return r.rules().Omits(t.Table, column) })
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
	longest, column, err := r.longestLob(ctx, t, lobs)
	slow := IsServerError(err, errQueryTimeout, errStatementTimeMariaDB)
	if err != nil && !slow {
		r.broke(fmt.Errorf("measuring the LOBs of %s: %w", t, err))
		return
	}
	r.add(r.rules().Judge(preparation.Lobs{Table: found, Columns: lobs, Longest: longest, Column: column, Slow: slow}, r.req.LobMaxSizeKb))
}

// longestLob reads the whole table once.
func (r *run) longestLob(ctx context.Context, t Table, lobs []string) (longest int64, column string, err error) {
	lengths := make([]string, len(lobs))
	for i, c := range lobs {
		lengths[i] = "MAX(OCTET_LENGTH(" + quoteName(c) + "))"
	}
	rows, err := r.db.Query(ctx, r.limited("SELECT "+strings.Join(lengths, ", ")+" FROM "+quoted(t)))
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

// limited is a SELECT that the server cancels when it takes too long.
func (r *run) limited(query string) string {
	if r.server.mariaDB() {
		return fmt.Sprintf("SET STATEMENT max_statement_time = %d FOR %s", preparation.ScanSeconds, query)
	}
	return fmt.Sprintf("SELECT /*+ MAX_EXECUTION_TIME(%d) */%s", preparation.ScanSeconds*1000, strings.TrimPrefix(query, "SELECT"))
}
