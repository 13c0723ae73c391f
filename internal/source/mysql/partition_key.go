package mysql

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPartitionKey is the most characters of a record's partition key,
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html. DMS makes it of database, table and the
// key's values, with a dot between them: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html.
const maxPartitionKey = 256

// otherKey is more characters than a number, a time or an address has.
const otherKey = 70

var sized = regexp.MustCompile(`^(var)?(char|binary)\((\d+)\)`)

// measureKeys compares the real lengths of keys with what Kinesis takes: a longer one would stop the task.
func (r *run) measureKeys(ctx context.Context) {
	for _, t := range r.findings.Tables {
		room := maxPartitionKey - utf8.RuneCountInString(t.String()) - len(t.PrimaryKey) // a dot before each value
		if len(t.PrimaryKey) == 0 || longestKey(t) <= room {
			continue
		}
		f := Finding{Check: "longest key of " + t.String(), Status: OK}
		longest, err := r.longest(ctx, t.Table, keyLength(t))
		switch {
		case IsServerError(err, errQueryTimeout, errStatementTimeMariaDB):
			f.Status, f.Value = Warning, fmt.Sprintf("not measured within %d s", scanSeconds)
			f.Advice = fmt.Sprintf("be sure that no key of it has more than %d characters: a row with a longer one would stop the task", room)
		case err != nil:
			r.broke(fmt.Errorf("measuring the keys of %s: %w", t, err))
			continue
		case longest > room:
			f.Status, f.Value = Failed, fmt.Sprintf("%d characters, and Kinesis takes %d beside the table's name", longest, room)
			f.Advice = "give the table a shorter primary key, or " + r.leaveOut(t.Table) + ": such a row would stop the task"
		default:
			f.Value = fmt.Sprintf("%d characters of %d", longest, room)
		}
		r.add(f)
	}
}

// keyColumn is the column of the key.
func (t TableFound) keyColumn(name string) Column {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{Name: name}
	}
	return t.Columns[i]
}

// longestKey is how many characters the key's values may have together.
func longestKey(t TableFound) int {
	sum := 0
	for _, name := range t.PrimaryKey {
		kind := strings.ToLower(t.keyColumn(name).Type)
		switch m := sized.FindStringSubmatch(kind); {
		case m != nil:
			n, _ := strconv.Atoi(m[3]) // digits
			if m[2] == "binary" {
				n *= 2 // hexadecimal
			}
			sum += n
		case strings.Contains(kind, "text") || strings.Contains(kind, "blob") || strings.HasPrefix(kind, "set(") || strings.HasPrefix(kind, "enum("):
			return maxPartitionKey + 1
		default:
			sum += otherKey
		}
	}
	return sum
}

// keyLength is SQL for the characters of a row's key.
func keyLength(t TableFound) string {
	lengths := make([]string, len(t.PrimaryKey))
	for i, name := range t.PrimaryKey {
		kind := strings.ToLower(t.keyColumn(name).Type)
		lengths[i] = "CHAR_LENGTH(" + quoteName(name) + ")"
		if strings.Contains(kind, "binary") || strings.Contains(kind, "blob") {
			lengths[i] = "2 * OCTET_LENGTH(" + quoteName(name) + ")"
		}
	}
	return strings.Join(lengths, " + ")
}

// longest value of an expression in a table; 0 of an empty one. It reads the table once.
func (r *run) longest(ctx context.Context, t Table, expression string) (int, error) {
	rows, err := r.db.Query(ctx, r.limited("SELECT MAX("+expression+") FROM "+t.quoted()))
	if err != nil || len(rows) == 0 || rows[0][0] == "" {
		return 0, err
	}
	n, err := strconv.Atoi(rows[0][0])
	if err != nil {
		return 0, fmt.Errorf("a length that is no number: %w", err)
	}
	return n, nil
}
