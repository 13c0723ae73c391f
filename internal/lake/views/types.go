package views

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// typ is a type with the way a value gets it from the text in a record.
type typ struct {
	hive, sql string
	// cast is the SQL of the value, from that of its text.
	cast func(text string) string
}

// text is what stays as DMS writes it: strings, ENUM and SET, JSON, TIME (which goes to 838 hours), and bytes, which DMS
// writes in hexadecimal.
var text = typ{"string", "varchar", func(text string) string { return text }}

func castTo(hive, sql string) typ {
	return typ{hive, sql, func(text string) string { return fmt.Sprintf("CAST(%s AS %s)", text, sql) }}
}

var columnType = regexp.MustCompile(`^([a-z]+)(?:\((\d+)(?:,(\d+))?\))?(.*)$`)

// typeOf is the type that holds every value of a MySQL type, https://docs.aws.amazon.com/athena/latest/ug/data-types.html.
func typeOf(mysql string) typ {
	m := columnType.FindStringSubmatch(strings.ToLower(strings.TrimSpace(mysql)))
	if m == nil {
		return text
	}
	unsigned := strings.Contains(m[4], "unsigned") || strings.Contains(m[4], "zerofill")
	length, _ := strconv.Atoi(m[2])
	scale, _ := strconv.Atoi(m[3])
	switch m[1] {
	case "tinyint", "smallint", "mediumint", "year":
		return castTo("int", "integer")
	case "int", "integer":
		if unsigned {
			return castTo("bigint", "bigint")
		}
		return castTo("int", "integer")
	case "bigint":
		if unsigned {
			return castTo("decimal(20,0)", "decimal(20,0)")
		}
		return castTo("bigint", "bigint")
	case "decimal", "numeric":
		return decimal(m[2] != "", length, scale)
	case "float":
		return castTo("float", "real")
	case "double", "real":
		return castTo("double", "double")
	case "bit":
		if length <= 1 {
			return castTo("boolean", "boolean")
		}
	case "date":
		// DMS may write a date with a time of zero.
		return typ{"date", "date", func(text string) string { return fmt.Sprintf("CAST(substr(%s, 1, 10) AS date)", text) }}
	case "datetime", "timestamp":
		return moment(length)
	}
	return text
}

// decimal has MySQL's default of ten digits. Athena has 38: of more, the text keeps every digit.
func decimal(given bool, precision, scale int) typ {
	if !given {
		precision = 10
	}
	if precision > 38 {
		return text
	}
	name := fmt.Sprintf("decimal(%d,%d)", precision, scale)
	return castTo(name, name)
}

// moment is a time in UTC without its zone. Athena's timestamp has milliseconds by itself, and as many digits as it is
// told in a view.
func moment(digits int) typ {
	sql := "timestamp(3)"
	if digits > 3 {
		sql = "timestamp(6)"
	}
	return typ{"timestamp", sql, func(text string) string {
		return fmt.Sprintf("CAST(replace(replace(%s, 'T', ' '), 'Z', '') AS %s)", text, sql)
	}}
}
