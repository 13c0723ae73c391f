package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// measureLobs compares the actual lengths of LOBs with the task's limit: a longer one would stop it.
func (r *run) measureLobs(ctx context.Context) {
	for _, t := range r.findings.Tables {
		columns, err := r.columns(ctx, t.Table)
		if err != nil {
			r.broke(fmt.Errorf("measuring the LOBs of %s: %w", t, err))
			continue
		}
		columns = slices.DeleteFunc(columns, func(c column) bool {
			return c.lob() == notLob || !carried(c) || r.rules().Omits(t.Table, c.Name)
		})
		if len(columns) > 0 {
			r.measureTable(ctx, t, columns)
		}
	}
}

func (r *run) measureTable(ctx context.Context, found TableFound, columns []column) {
	measured := preparation.Lobs{Table: found}
	lengths := make([]string, len(columns))
	for i, c := range columns {
		measured.Columns = append(measured.Columns, c.Name)
		lengths[i] = "max(" + c.length() + ")"
	}
	rows, err := r.limited(ctx, "SELECT "+strings.Join(lengths, ", ")+" FROM "+quoted(found.Table))
	measured.Slow = IsServerError(err, errCanceled)
	switch {
	case measured.Slow:
	case IsServerError(err, errPrivilege):
		r.add(unread("largest LOB of "+found.String(), fmt.Sprintf("be sure that no value of %s is longer than replication.lobMaxSizeKb (%d)",
			strings.Join(measured.Columns, ", "), r.req.LobMaxSizeKb)))
		return
	case err != nil:
		r.broke(fmt.Errorf("measuring the LOBs of %s: %w", found, err))
		return
	default:
		for i, text := range rows[0] {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && (measured.Column == "" || n > measured.Longest) {
				measured.Longest, measured.Column = n, columns[i].Name
			}
		}
	}
	r.add(r.rules().Judge(measured, r.req.LobMaxSizeKb))
}

// unread reports a table that the administrator may not read: a user who may create roles may not read every table.
func unread(check, advice string) Finding {
	return Finding{Check: check, Status: Warning, Value: "not measured: the administrator may not read the table", Advice: advice}
}

// length is the SQL for the bytes that DMS counts for a value. In text a character counts two bytes, or four when
// UTF-8 needs four:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source-PostgreSQL-DataTypes-LOBs.
func (c column) length() string {
	name := quoteName(c.Name)
	switch c.lob() {
	case bytes:
		return "octet_length(" + name + ")"
	case letters:
		return "octet_length(" + name + "::text)"
	case notLob, wide:
	}
	return "octet_length(" + name + "::text) + char_length(" + name + "::text)" // exactly, or slightly more
}

// limited runs a SELECT that the server cancels when it takes too long.
func (r *run) limited(ctx context.Context, query string) ([][]string, error) {
	if err := r.db.Exec(ctx, fmt.Sprintf("SET statement_timeout = '%ds'", preparation.ScanSeconds)); err != nil {
		return nil, err
	}
	rows, err := r.db.Query(ctx, query)
	return rows, errors.Join(err, r.db.Exec(ctx, "RESET statement_timeout"))
}

var lengthOf = regexp.MustCompile(`\((\d+)\)`)

// measureKeys compares the actual lengths of keys with Kinesis's limit: a longer one would stop the task.
func (r *run) measureKeys(ctx context.Context) {
	for _, t := range r.findings.Tables {
		if len(t.PrimaryKey) == 0 || longestKey(t) <= t.KeyRoom() {
			continue
		}
		lengths := make([]string, len(t.PrimaryKey))
		for i, name := range t.PrimaryKey {
			lengths[i] = "char_length(" + quoteName(name) + "::text)"
		}
		rows, err := r.limited(ctx, "SELECT max("+strings.Join(lengths, " + ")+") FROM "+quoted(t.Table))
		slow := IsServerError(err, errCanceled)
		switch {
		case IsServerError(err, errPrivilege):
			r.add(unread("longest key of "+t.String(),
				fmt.Sprintf("be sure that no key has more than %d characters: a row with a longer one would stop the task", t.KeyRoom())))
			continue
		case err != nil && !slow:
			r.broke(fmt.Errorf("measuring the keys of %s: %w", t, err))
			continue
		}
		longest := 0
		if !slow {
			longest, _ = strconv.Atoi(rows[0][0]) // empty for an empty table
		}
		r.add(r.rules().LongestKey(t, longest, slow))
	}
}

// longestKey is the maximum number of characters in all of the key's values.
func longestKey(t TableFound) int {
	sum := 0
	for _, name := range t.PrimaryKey {
		c := column{Column: t.Column(name)}
		switch m := lengthOf.FindStringSubmatch(c.Type); {
		case m != nil && slices.Contains([]string{"character", "character varying", "bit", "bit varying"}, c.base()):
			n, _ := strconv.Atoi(m[1]) // digits
			sum += n
		case slices.Contains(documented, c.base()) && c.Type != "character varying" && c.Type != "bit varying":
			sum += preparation.OtherKey
		default:
			return preparation.MaxPartitionKey + 1
		}
	}
	return sum
}
