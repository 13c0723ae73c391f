package views

import (
	"cdcpipeline/internal/change"
	"fmt"
	"strings"
)

// placing defines a change's position among the others, for a kind of source.
type placing struct {
	// log is the log's usual name.
	log string
	// pattern is the form of a stream-position, as far as it is parsed.
	pattern string
	// told are its columns in the view of changes.
	told func() []toldPlace
	// first is NULL for a change without a position. chosen selects it for states: loads come before all changes.
	first, chosen string
	// rest are the columns after the first that order changes.
	rest []string
}

// toldPlace is a position column in the view of changes.
type toldPlace struct {
	name string
	typ  typ
	text string
}

// logPattern is a PostgreSQL stream-position: LSN.number.LSN.
const logPattern = `^([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})\.[0-9]+\.([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})$`

// positionOf is the SQL of a record's stream-position.
var positionOf = member(metadata, "stream-position")

var binlogPlacing = placing{
	log: "binlog", pattern: placePattern,
	told: func() []toldPlace {
		place := func(group int) string {
			return fmt.Sprintf("regexp_extract(%s, %s, %d)", positionOf, literal(placePattern), group)
		}
		// The pattern ensures digits.
		digits := typ{"bigint", "bigint", func(text string) string { return "TRY_CAST(" + text + " AS bigint)" }}
		return []toldPlace{{"binlog_file", digits, place(1)}, {"binlog_offset", digits, place(2)}}
	},
	first:  "{binlog_file}",
	chosen: "CASE WHEN {operation} = 'load' THEN -1 WHEN {operation} IN ('insert', 'update', 'delete') THEN {binlog_file} END",
	rest:   []string{"{binlog_offset}", "{transaction_record}"},
}

// logPlacing is PostgreSQL's, as in package change. An LSN is written as 17 characters, so that text order is log
// order. If a change has the transaction's LSN as its own but is not the transaction's first, its own position is
// unknown.
var logPlacing = placing{
	log: "log", pattern: logPattern,
	told: func() []toldPlace {
		lsn := func(high int) string {
			half := func(group int) string {
				return fmt.Sprintf("lpad(upper(regexp_extract(%s, %s, %d)), 8, '0')", positionOf, literal(logPattern), group)
			}
			return half(high) + " || '/' || " + half(high+1)
		}
		return []toldPlace{{"lsn", text, lsn(1)}, {"second_lsn", text, lsn(3)}}
	},
	first: "{lsn}",
	chosen: "CASE WHEN {operation} = 'load' THEN '' WHEN {operation} IN ('insert', 'update', 'delete') AND {lsn} > '00000000/00000000' AND {lsn} <= '3FFFFFFF/FFFFFFFF'" +
		" AND {transaction_record} >= 1 AND NOT ({operation} <> 'insert' AND {transaction_record} > 1 AND {lsn} = {second_lsn}) THEN {lsn} END",
	rest: []string{"{transaction_record}"},
}

func placingOf(k change.Kind) *placing {
	if k.Postgres() {
		return &logPlacing
	}
	return &binlogPlacing
}

// carried are the states' columns with the position.
func (p *placing) carried() string {
	return strings.Join(append([]string{p.chosen + " AS " + p.first}, p.rest...), ",\n    ")
}

// order returns these columns for ORDER BY, each with a suffix such as DESC.
func (p *placing) order(suffix string) string {
	return strings.Join(append([]string{p.first}, p.rest...), suffix+", ") + suffix
}
