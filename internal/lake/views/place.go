package views

import (
	"cdcpipeline/internal/change"
	"fmt"
	"strings"
)

// placing is how a change says where it stands among the others: in the words of a kind of source.
type placing struct {
	// log is what people call it.
	log string
	// pattern is the form of a stream-position, as far as it is read.
	pattern string
	// told are the columns that the view of changes has of it.
	told func() []toldPlace
	// first is the column without which a change has no place, and chosen what of the states is in it: loads are below all changes.
	first, chosen string
	// rest are the columns after the first by which changes are in their order.
	rest []string
}

// toldPlace is a column of the view of changes.
type toldPlace struct {
	name string
	typ  typ
	text string
}

// logPattern is a stream-position of PostgreSQL: LSN.number.LSN.
const logPattern = `^([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})\.[0-9]+\.([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})$`

// positionOf is the SQL of a record's stream-position.
var positionOf = member(metadata, "stream-position")

var binlogPlacing = placing{
	log: "binlog", pattern: placePattern,
	told: func() []toldPlace {
		place := func(group int) string {
			return fmt.Sprintf("regexp_extract(%s, %s, %d)", positionOf, literal(placePattern), group)
		}
		// The pattern has digits alone.
		digits := typ{"bigint", "bigint", func(text string) string { return "TRY_CAST(" + text + " AS bigint)" }}
		return []toldPlace{{"binlog_file", digits, place(1)}, {"binlog_offset", digits, place(2)}}
	},
	first:  "{binlog_file}",
	chosen: "CASE WHEN {operation} = 'load' THEN -1 WHEN {operation} IN ('insert', 'update', 'delete') THEN {binlog_file} END",
	rest:   []string{"{binlog_offset}", "{transaction_record}"},
}

// logPlacing is PostgreSQL's, in the words of package change. A place in the log, an LSN, is a text of 17 characters, whose order is that of the
// log. A change that has the second one for its own though it is not the transaction's first has none of its own.
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

// carried are the columns of states that say the place.
func (p *placing) carried() string {
	return strings.Join(append([]string{p.chosen + " AS " + p.first}, p.rest...), ",\n    ")
}

// order are these columns, each with what is to follow it.
func (p *placing) order(suffix string) string {
	return strings.Join(append([]string{p.first}, p.rest...), suffix+", ") + suffix
}
