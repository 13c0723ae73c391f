package views

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// DMS's spelling of PostgreSQL's types:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source-PostgreSQL-DataTypes.
var (
	postgresNumeric = regexp.MustCompile(`^(?:numeric|decimal)\((\d+)(?:,(\d+))?\)$`)
	postgresMoment  = regexp.MustCompile(`^timestamp(?:tz)?(?:\((\d)\))?(?: with(?:out)? time zone)?$`)
)

// postgresType is the type that can hold every value of a PostgreSQL type, as format_type names it. Types that Athena
// lacks, or supports only in part, become text: numeric without a precision, intervals, times of day, bytes, JSON,
// arrays, addresses, enumerations, money.
func postgresType(declared string) typ {
	declared = strings.ToLower(strings.TrimSpace(declared))
	switch declared {
	case "smallint", "integer", "int2", "int4", "smallserial", "serial":
		return whole("int", "integer")
	case "bigint", "int8", "bigserial", "oid":
		return whole("bigint", "bigint")
	case "real", "float4":
		return special(floating("float", "real", "3.4028235E38"))
	case "double precision", "float8":
		return special(floating("double", "double", "1.7976931348623157E308"))
	case "boolean", "bool":
		return typ{"boolean", "boolean", func(text string) string {
			return fmt.Sprintf("CASE WHEN %[1]s IN ('true', 't', '1') THEN true WHEN %[1]s IN ('false', 'f', '0') THEN false END", text)
		}}
	case "date":
		return typeOf("date")
	}
	if m := postgresNumeric.FindStringSubmatch(declared); m != nil {
		precision, _ := strconv.Atoi(m[1])
		scale, _ := strconv.Atoi(m[2])
		if scale > precision {
			return text
		}
		return decimal(true, precision, scale)
	}
	if m := postgresMoment.FindStringSubmatch(declared); m != nil {
		digits := 6
		if m[1] != "" {
			digits, _ = strconv.Atoi(m[1])
		}
		return zonedMoment(digits)
	}
	return text
}

// special is a floating-point type with its special values, such as NaN.
func special(t typ) typ {
	cast := t.cast
	t.cast = func(text string) string {
		return fmt.Sprintf("CASE WHEN %[1]s IN ('NaN', 'Infinity', '-Infinity') THEN TRY_CAST(%[1]s AS %[2]s) ELSE %[3]s END", text, t.sql, cast(text))
	}
	return t
}

// zonedMoment is a time in UTC. DMS writes the zone as Z, PostgreSQL as +00.
func zonedMoment(digits int) typ {
	kept, fraction := precision(digits)
	t := timestamp(kept, fraction)
	form := strings.Replace(fmt.Sprintf(instant, fraction), "Z?)?$", `(Z|\+00(:00)?)?)?$`, 1)
	t.cast = func(text string) string {
		clock := fmt.Sprintf("replace(replace(replace(replace(%s, 'T', ' '), 'Z', ''), '+00:00', ''), '+00', '')", text)
		return dated(text, form, clock, t.sql)
	}
	return t
}

// onePostgresText is the SQL of a key column's text, like oneText for MySQL: empty text and bytes may be null, bytes
// may begin with \x, a CHARACTER may have trailing blanks, a time may have a zero fraction, and an address may have
// the network bits of a single host.
func onePostgresText(declared string, source string) string {
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(declared)), "(")
	if strings.HasSuffix(declared, "[]") {
		return source
	}
	switch strings.TrimSpace(name) {
	case "text", "character varying", "varchar", "citext", "name":
		return fmt.Sprintf("coalesce(%s, '')", source)
	case "character", "char", "bpchar":
		return fmt.Sprintf("trim(TRAILING ' ' FROM coalesce(%s, ''))", source)
	case "bytea":
		return fmt.Sprintf(`CASE WHEN regexp_like(coalesce(%[1]s, ''), '^([0\\]x[0-9A-Fa-f]*)?$') THEN '0x' || upper(substr(coalesce(%[1]s, ''), 3)) ELSE %[1]s END`, source)
	case "uuid":
		return fmt.Sprintf("lower(%s)", source)
	case "inet", "cidr":
		return fmt.Sprintf("CASE WHEN regexp_like(%[1]s, '^[0-9.]+/32$|:.*/128$') THEN lower(substr(%[1]s, 1, strpos(%[1]s, '/') - 1)) ELSE lower(%[1]s) END", source)
	case "numeric", "decimal", "money": // too many digits for Athena, or an unknown number
		return fmt.Sprintf("CASE WHEN regexp_like(%[1]s, '^-?[0-9]+\\.[0-9]*$') THEN trim(TRAILING '.' FROM trim(TRAILING '0' FROM %[1]s)) ELSE %[1]s END", source)
	}
	if strings.HasPrefix(name, "time") && !strings.HasPrefix(name, "timestamp") {
		part := func(group int) string {
			return fmt.Sprintf(`coalesce(regexp_extract(%s, '^([^.+Z-]*)(\.[0-9]*)?(.*)$', %d), '')`, source, group)
		}
		return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN %s || trim(TRAILING '.' FROM trim(TRAILING '0' FROM %s)) || %s END", source, part(1), part(2), part(3))
	}
	return source
}
