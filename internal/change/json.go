package change

import (
	"cdcpipeline/internal/scan"
	"encoding/json"
	"fmt"
	"strings"
)

// parser reads a record once. The scanner finds positions in the input bytes; the record keeps values from its own
// copy.
type parser struct {
	scan.Scanner
	raw string
	// wrong is the first error in valid JSON.
	wrong error
	// columns has the columns of all rows in sequence, with room for more.
	columns Row
}

func (p *parser) refuse(err error) {
	if p.wrong == nil {
		p.wrong = err
	}
}

// name reads the name of a member.
func (p *parser) name() string {
	name, plain := p.Name()
	if plain {
		return name.Of(p.raw)
	}
	return text(p.raw[name.Begin-1 : name.End+1])
}

// row splits the next object into its members. It returns nil for any other value.
func (p *parser) row(what string) Row {
	if p.Next() != '{' {
		p.Value()
		p.refuse(fmt.Errorf("%s is not an object", what))
		return nil
	}
	begin := len(p.columns)
	for p.Enter('{'); p.More('}'); {
		name := p.name()
		p.columns = append(p.columns, Column{Name: name, JSON: p.Value().Of(p.raw)})
	}
	end := len(p.columns)
	row := p.columns[begin:end:end]
	if p.Bad() {
		return nil
	}
	if twice, found := row.twice(); found {
		p.refuse(fmt.Errorf("%s: %q comes twice", what, twice))
	}
	return row
}

// few is the number of names up to which marks, and not a set, find duplicates.
const few = 256

// twice finds a name that occurs more than once, because readers disagree on which of its values counts. It
// computes a mark of each name, and compares two names only if their marks are equal.
func (r Row) twice() (string, bool) {
	if len(r) > few {
		return r.twiceOfMany()
	}
	const marks = 8 * few
	var marked [marks / 64]uint64
	for i := range r {
		mark := markOf(r[i].Name) % marks
		word, bit := mark/64, uint64(1)<<(mark%64)
		if marked[word]&bit != 0 {
			for j := range i {
				if r[i].Name == r[j].Name {
					return r[i].Name, true
				}
			}
		}
		marked[word] |= bit
	}
	return "", false
}

// markOf computes a name's mark from its length and four of its characters. These usually differ between the
// columns of a table.
func markOf(name string) uint32 {
	n := len(name)
	if n == 0 {
		return 0
	}
	four := uint32(name[0])<<24 | uint32(name[n/2])<<16 | uint32(name[max(n-2, 0)])<<8 | uint32(name[n-1])
	const spread = 0x9e3779b1 // from the golden ratio
	return (four ^ uint32(n)*spread) * spread >> 16
}

func (r Row) twiceOfMany() (string, bool) {
	seen := make(map[string]struct{}, len(r))
	for i := range r {
		seen[r[i].Name] = struct{}{}
		if len(seen) <= i {
			return r[i].Name, true
		}
	}
	return "", false
}

// text decodes a JSON string; it returns any other value unchanged.
func text(raw string) string {
	if raw[0] != '"' {
		return raw
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	_ = json.Unmarshal([]byte(raw), &s) // raw is valid JSON
	return s
}
