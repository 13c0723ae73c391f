package views

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// typ is a type, with the conversion from a record's text.
type typ struct {
	hive, sql string
	// cast is the SQL that converts a text's SQL to a value: NULL for a text that is not exactly a value of the type.
	// It never fails. It is nil for text, which needs no conversion.
	cast func(text string) string
}

// text is for types that keep DMS's spelling: strings, ENUM and SET, JSON, TIME (up to 838 hours), and bytes, which
// DMS writes in hexadecimal.
var text = typ{hive: "string", sql: "varchar"}

// A cast rounds a text with too many digits, and engines disagree about some texts ('12.0' as a bigint). So a text is
// cast only when every engine reads it the same way without losing a digit.
const (
	// plainNumber has at most this many digits other than trailing zeros after the point.
	plainNumber = `^-?[0-9]+(\.[0-9]{0,%d}0*)?$`
	// powerNumber is a number times a power of ten: 1.2E3.
	powerNumber = `^-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}$`
	anyNumber   = `^-?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?$`
	day         = `[0-9]{4}-[0-9]{2}-[0-9]{2}`
	// midnight is the time that DMS may write after a date.
	midnight = `^` + day + `([T ]00:00:00(\.0*)?Z?)?$`
	// instant has this many digits after the second; a day alone means its start.
	instant = `^` + day + `([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.%s)?Z?)?$`
	// firstDay is the first day of ISO 8601's year 1. Earlier dates in MySQL, above all 0000-00-00, are not dates.
	firstDay = "0001-01-01"
)

// whole is an integer type.
func whole(hive, sql string) typ {
	return typ{hive, sql, func(text string) string {
		return exactly(text, 0, fmt.Sprintf("TRY_CAST(TRY_CAST(%s AS decimal(38,0)) AS %s)", text, sql))
	}}
}

// exactly is a number with at most this many digits after the point. A power of ten is exact if its nearest
// floating-point number is, because DMS converts it from that.
func exactly(text string, digits int, value string) string {
	return fmt.Sprintf("CASE WHEN regexp_like(%[1]s, %[2]s) OR regexp_like(%[1]s, %[3]s) AND TRY_CAST(TRY_CAST(%[1]s AS decimal(38,%[4]d)) AS double) = TRY_CAST(%[1]s AS double) THEN %[5]s END",
		text, literal(fmt.Sprintf(plainNumber, digits)), literal(powerNumber), digits, value)
}

// floating is a floating-point type. It rounds like the source's type; a number beyond its maximum is not a value.
func floating(hive, sql, greatest string) typ {
	return typ{hive, sql, func(text string) string {
		return fmt.Sprintf("CASE WHEN regexp_like(%[1]s, %[2]s) AND abs(TRY_CAST(%[1]s AS double)) <= %[3]s THEN TRY_CAST(%[1]s AS %[4]s) END", text, literal(anyNumber), greatest, sql)
	}}
}

var columnType = regexp.MustCompile(`^([a-z]+)(?:\((\d+)(?:,(\d+))?\))?(.*)$`)

// typeOf is the type that can hold every value of a MySQL type,
// https://docs.aws.amazon.com/athena/latest/ug/data-types.html.
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
		return whole("int", "integer")
	case "int", "integer":
		if unsigned {
			return whole("bigint", "bigint")
		}
		return whole("int", "integer")
	case "bigint":
		if unsigned {
			return decimal(true, 20, 0)
		}
		return whole("bigint", "bigint")
	case "decimal", "numeric":
		return decimal(m[2] != "", length, scale)
	case "float":
		return floating("float", "real", "3.4028235E38")
	case "double", "real":
		return floating("double", "double", "1.7976931348623157E308")
	case "bit":
		if length <= 1 {
			return typ{"boolean", "boolean", func(text string) string {
				return fmt.Sprintf("CASE %s WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END", text)
			}}
		}
	case "date":
		return typ{"date", "date", func(text string) string { return dated(text, midnight, fmt.Sprintf("substr(%s, 1, 10)", text), "date") }}
	case "datetime", "timestamp":
		return moment(length)
	}
	return text
}

// decimal has MySQL's default of ten digits. Athena supports 38; a larger type becomes text, which keeps every digit.
func decimal(given bool, precision, scale int) typ {
	if !given {
		precision = 10
	}
	if precision > 38 {
		return text
	}
	name := fmt.Sprintf("decimal(%d,%d)", precision, scale)
	return typ{name, name, func(text string) string { return exactly(text, scale, fmt.Sprintf("TRY_CAST(%s AS %s)", text, name)) }}
}

// moment is a time in UTC without its zone. Athena's timestamp has milliseconds by default, and in a view any number
// of digits.
func moment(digits int) typ {
	kept, fraction := precision(digits)
	return timestamp(kept, fraction)
}

// precision returns how many of a type's digits after the second are kept, and the pattern of a fraction with no
// more.
func precision(digits int) (kept int, fraction string) {
	kept = 3
	if digits > kept {
		kept = 6
	}
	return kept, fmt.Sprintf("[0-9]{0,%d}0*", kept)
}

// noted is a time in DMS's metadata, in microseconds: a finer one is rounded.
var noted = timestamp(6, "[0-9]*")

// timestamp has this many digits after the second, for a text whose fraction matches a pattern.
func timestamp(digits int, fraction string) typ {
	sql := fmt.Sprintf("timestamp(%d)", digits)
	return typ{"timestamp", sql, func(text string) string {
		return dated(text, fmt.Sprintf(instant, fraction), fmt.Sprintf("replace(replace(%s, 'T', ' '), 'Z', '')", text), sql)
	}}
}

// dated is a date or a time that matches a pattern.
func dated(text, form, value, sql string) string {
	return fmt.Sprintf("CASE WHEN regexp_like(%[1]s, %[2]s) AND %[1]s >= %[3]s THEN TRY_CAST(%[4]s AS %[5]s) END", text, literal(form), literal(firstDay), value, sql)
}
