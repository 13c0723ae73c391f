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

// Document is what an index holds of a row.
type Document struct {
	// Row are its columns, by name, without those that are NULL; none of a row that was deleted.
	Row change.Row
	// Deleted says that the document is a tombstone, which an alias hides.
	Deleted bool
	// Position of the record that the document is from ([change.Order]).
	Position string
}

// ReadDocument reads a document's source.
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

// document is what a record makes of a row.
type document struct {
	in        kind
	index, id string
	version   int64
	// room is about how long its lines will be.
	room int
	// lines are its action in a bulk request and what it becomes, each with its line's end.
	lines []byte
}

// origin is what a document says of the record it is from.
type origin struct {
	record   *change.Record
	position string
	// committed is when the change was, or the load made; indexed is now.
	committed, indexed time.Time
	// space has the lines of documents one after the other, with room for the next ones; nil makes some for each.
	space *[]byte
}

// begin a document's lines: what is there already, to which they are appended.
func (o origin) begin(room int) []byte {
	if o.space == nil {
		return make([]byte, 0, room)
	}
	return *o.space
}

// end of lines that were begun; nothing is appended to them any more.
func (o origin) end(lines []byte) []byte {
	if o.space == nil {
		return lines
	}
	begin := len(*o.space)
	*o.space = lines
	return lines[begin:len(lines):len(lines)]
}

// row is the document of a row: its columns as they came, and where they came from. NULL is no column, however it came; a column
// of the key has a value though it did not come: an empty one.
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
		case '{', '[': // no type is written so; as text it fits any field
			b = appendText(b, c.JSON)
		default:
			b = append(b, c.JSON...)
		}
		b = append(b, ',')
	}
	d.lines = o.end(append(o.appendTo(b, false), '}', '\n'))
}

// tombstone is the document of a row that is no more.
func (d *document) tombstone(o origin) {
	d.lines = o.end(append(o.appendTo(append(d.action(o.begin(d.room)), '{'), true), '}', '\n'))
}

// action is how a bulk request says where the document goes, and which one it takes the place of.
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

// appendField of a column as a JSON string. Nearly all have names that stand for themselves.
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

// appendText as a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // a string has always a form
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
