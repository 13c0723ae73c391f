package currentstate

import (
	"cdcpipeline/internal/change"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Document is a row's document in an index.
type Document struct {
	// Row has the columns by name, without NULL columns. It is empty for a deleted row.
	Row change.Row
	// Deleted means that the document is a tombstone, which an alias hides.
	Deleted bool
	// Position is the position of the document's record ([change.Order]).
	Position string
}

// ReadDocument parses a document's source.
func ReadDocument(source []byte) (Document, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(source, &members); err != nil {
		return Document{}, fmt.Errorf("reading a document: %w", err)
	}
	var from struct {
		Deleted  bool   `json:"deleted"`
		Position string `json:"position"`
	}
	if err := json.Unmarshal(members[control], &from); err != nil {
		return Document{}, fmt.Errorf("reading a document: its member %s: %w", control, err)
	}
	d := Document{Deleted: from.Deleted, Position: from.Position}
	for name, value := range members {
		if name != control {
			d.Row = append(d.Row, change.Column{Name: column(name), JSON: string(value)})
		}
	}
	slices.SortFunc(d.Row, func(a, b change.Column) int { return cmp.Compare(a.Name, b.Name) })
	return d, nil
}

// document is the document that a record writes for a row.
type document struct {
	in        kind
	index, id string
	version   int64
	// room is the approximate length of its lines.
	room int
	// lines has the action of a bulk request and the document, each with a newline. They begin at begin in the
	// batch's lines.
	lines []byte
	begin int
}

// origin describes the record that a document comes from.
type origin struct {
	record   *change.Record
	position string
	// committed is the commit time of a change, or the time of a load. indexed is the present time.
	committed, indexed time.Time
	// space has the lines of several documents in sequence, with room for more. If it is nil, each document gets
	// its own memory.
	space *[]byte
}

// begin returns the slice to which a document's lines are appended.
func (o origin) begin(room int) []byte {
	if o.space == nil {
		return make([]byte, 0, room)
	}
	return *o.space
}

// end returns the finished lines and where they begin in space. Nothing may be appended to them.
func (o origin) end(lines []byte) (finished []byte, begin int) {
	if o.space == nil {
		return lines, 0
	}
	begin = len(*o.space)
	*o.space = lines
	return lines[begin:len(lines):len(lines)], begin
}

// row encodes the document of a row: its columns, unchanged, and their origin. It omits NULL columns. A key column
// that the record omits has an empty value.
func (d *document) row(o origin, names []string, key change.Key) {
	columns := o.record.Row()
	b := append(d.action(o.begin(d.room)), '{')
	for i, name := range names {
		if raw, ok := columns.Get(name); !ok || raw == "null" {
			b = append(appendText(append(appendField(b, name), ':'), key[i]), ',')
		}
	}
	for _, c := range columns {
		if c.JSON == "null" {
			continue
		}
		b = append(appendField(b, c.Name), ':')
		switch c.JSON[0] {
		case '{', '[': // no field has such a type; as a text the value fits any field
			b = appendText(b, c.JSON)
		default:
			b = append(b, c.JSON...)
		}
		b = append(b, ',')
	}
	d.lines, d.begin = o.end(append(o.appendTo(b, false), '}', '\n'))
}

// tombstone encodes the document of a deleted row.
func (d *document) tombstone(o origin) {
	d.lines, d.begin = o.end(append(o.appendTo(append(d.action(o.begin(d.room)), '{'), true), '}', '\n'))
}

// action encodes the action of a bulk request: the index, the id and the version of the document.
func (d *document) action(b []byte) []byte {
	b = appendText(append(b, `{"index":{"_index":`...), d.in.target(d.index))
	b = appendText(append(b, `,"_id":`...), d.id)
	b = strconv.AppendInt(append(b, `,"version":`...), d.version, 10)
	b = append(append(b, `,"version_type":"`...), d.in.versionType()...)
	return append(b, `"}}`+"\n"...)
}

func (o origin) appendTo(b []byte, deleted bool) []byte {
	b = strconv.AppendBool(append(b, `"`+control+`":{"deleted":`...), deleted)
	b = appendText(append(b, `,"operation":`...), string(o.record.Operation))
	b = appendText(append(b, `,"position":`...), o.position)
	b = appendTime(append(b, `,"committed":`...), o.committed)
	b = appendTime(append(b, `,"indexed":`...), o.indexed)
	return append(b, '}')
}

func appendTime(b []byte, t time.Time) []byte {
	b = t.UTC().AppendFormat(append(b, '"'), "2006-01-02T15:04:05.000000Z")
	return append(b, '"')
}

// appendField appends a column's name as a JSON string. Nearly all names need no escape.
func appendField(b []byte, column string) []byte {
	for i := range len(column) {
		c := column[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' && i > 0 {
			continue
		}
		return appendText(b, field(column))
	}
	return append(append(append(b, '"'), column...), '"')
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
