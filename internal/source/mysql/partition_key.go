package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var sized = regexp.MustCompile(`^(var)?(char|binary)\((\d+)\)`)

// measureKeys compares the actual lengths of keys with Kinesis's limit: a longer one would stop the task.
func (r *run) measureKeys(ctx context.Context) {
	for _, t := range r.findings.Tables {
		if len(t.PrimaryKey) == 0 || longestKey(t) <= t.KeyRoom() {
			continue
		}
		longest, err := r.longest(ctx, t.Table, keyLength(t))
		slow := IsServerError(err, errQueryTimeout, errStatementTimeMariaDB)
		if err != nil && !slow {
			r.broke(fmt.Errorf("measuring the keys of %s: %w", t, err))
			continue
		}
		r.add(r.rules().LongestKey(t, longest, slow))
	}
}

// longestKey is the maximum number of characters in all of the key's values.
func longestKey(t TableFound) int {
	sum := 0
	for _, name := range t.PrimaryKey {
		kind := strings.ToLower(t.Column(name).Type)
		switch m := sized.FindStringSubmatch(kind); {
		case m != nil:
			n, _ := strconv.Atoi(m[3]) // digits
			if m[2] == "binary" {
				n *= 2 // hexadecimal
			}
			sum += n
		case strings.Contains(kind, "text") || strings.Contains(kind, "blob") || strings.HasPrefix(kind, "set(") || strings.HasPrefix(kind, "enum("):
			return preparation.MaxPartitionKey + 1
		default:
			sum += preparation.OtherKey
		}
	}
	return sum
}

// keyLength is the SQL for the number of characters in a row's key.
func keyLength(t TableFound) string {
	lengths := make([]string, len(t.PrimaryKey))
	for i, name := range t.PrimaryKey {
		kind := strings.ToLower(t.Column(name).Type)
		lengths[i] = "CHAR_LENGTH(" + quoteName(name) + ")"
		if strings.Contains(kind, "binary") || strings.Contains(kind, "blob") {
			lengths[i] = "2 * OCTET_LENGTH(" + quoteName(name) + ")"
		}
	}
	return strings.Join(lengths, " + ")
}

// longest is an expression's greatest value in a table; 0 for an empty table. It reads the table once.
func (r *run) longest(ctx context.Context, t Table, expression string) (int, error) {
	rows, err := r.db.Query(ctx, r.limited("SELECT MAX("+expression+") FROM "+quoted(t)))
	if err != nil || len(rows) == 0 || rows[0][0] == "" {
		return 0, err
	}
	n, err := strconv.Atoi(rows[0][0])
	if err != nil {
		return 0, fmt.Errorf("a length that is no number: %w", err)
	}
	return n, nil
}
