package dms

import (
	"errors"
	"fmt"
	"strings"
)

// lineOf is a line from the plugin test_decoding (https://www.postgresql.org/docs/17/test-decoding.html). Only the
// plugin's source defines the format:
//
//	table public.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 tags[text[]]:'{it''s}' big[text]:unchanged-toast-datum
type lineOf struct {
	table     name
	operation operation // empty for a line without a row change
	// old is the row before, without NULL columns; hasOld and hasRow report whether old and row are present.
	old, row       []written
	hasOld, hasRow bool
}

// written is a column's value.
type written struct {
	column, text    string
	null, unchanged bool // unchanged: stored out of line and not changed
}

var operationsOf = map[string]operation{"INSERT": opInsert, "UPDATE": opUpdate, "DELETE": opDelete}

// parseChange parses a line that begins with "table ".
func parseChange(line string) (lineOf, error) {
	var l lineOf
	s := scanner{line}
	s.take("table ")
	var err error
	if l.table.schema, err = s.identifier("."); err == nil {
		l.table.table, err = s.identifier("")
	}
	if err != nil {
		return l, err
	}
	if !s.take(": ") { // further tables of a TRUNCATE
		return l, nil
	}
	verb, rest, ok := strings.Cut(s.rest, ":")
	if l.operation = operationsOf[verb]; !ok || l.operation == "" {
		return l, nil
	}
	s.rest = rest
	if s.rest == " (no-tuple-data)" {
		return l, nil
	}
	if s.take(" old-key:") {
		if l.old, err = s.tuple(); err != nil {
			return l, err
		}
		l.hasOld = true
		if !s.take(" new-tuple:") {
			return l, errors.New("a row before its change is followed by no row")
		}
	}
	if l.row, err = s.tuple(); err != nil {
		return l, err
	}
	l.hasRow = true
	if l.operation == opDelete {
		l.old, l.row, l.hasOld, l.hasRow = l.row, nil, true, false
	}
	if s.rest != "" {
		return l, fmt.Errorf("there is more after a row: %.40q", s.rest)
	}
	return l, nil
}

// scanner reads from the start of the remaining text.
type scanner struct{ rest string }

func (s *scanner) take(prefix string) bool {
	rest, ok := strings.CutPrefix(s.rest, prefix)
	if ok {
		s.rest = rest
	}
	return ok
}

// tuple reads columns until something else comes.
func (s *scanner) tuple() ([]written, error) {
	var all []written
	for strings.HasPrefix(s.rest, " ") && !strings.HasPrefix(s.rest, " new-tuple:") {
		s.rest = s.rest[1:]
		var w written
		var err error
		if w.column, err = s.identifier("["); err != nil {
			return nil, err
		}
		if err := s.skipType(); err != nil {
			return nil, err
		}
		if err := s.value(&w); err != nil {
			return nil, fmt.Errorf("column %s: %w", w.column, err)
		}
		all = append(all, w)
	}
	return all, nil
}

// identifier reads a name, which is quoted unless it is plain, and the text that must follow it.
func (s *scanner) identifier(after string) (string, error) {
	var text string
	if strings.HasPrefix(s.rest, `"`) {
		var err error
		if text, err = s.quoted('"'); err != nil {
			return "", err
		}
	} else {
		end := strings.IndexAny(s.rest, ".[:, ")
		if end <= 0 {
			return "", fmt.Errorf("there is no name: %.40q", s.rest)
		}
		text, s.rest = s.rest[:end], s.rest[end:]
	}
	if !s.take(after) {
		return "", fmt.Errorf("after the name %s there is no %q", text, after)
	}
	return text, nil
}

// quoted reads up to the closing mark; a mark within is doubled.
func (s *scanner) quoted(mark byte) (string, error) {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		if s.rest[i] != mark {
			b.WriteByte(s.rest[i])
			continue
		}
		if i+1 < len(s.rest) && s.rest[i+1] == mark {
			b.WriteByte(mark)
			i++
			continue
		}
		s.rest = s.rest[i+1:]
		return b.String(), nil
	}
	return "", fmt.Errorf("a %c is not closed", mark)
}

// skipType reads a type's name, which may contain brackets and quoted names, up to the closing bracket and colon.
func (s *scanner) skipType() error {
	depth := 1
	for i := 0; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '"':
			inner := scanner{s.rest[i:]}
			if _, err := inner.quoted('"'); err != nil {
				return err
			}
			i = len(s.rest) - len(inner.rest) - 1
		case '[':
			depth++
		case ']':
			if depth--; depth > 0 {
				continue
			}
			s.rest = s.rest[i+1:]
			if !s.take(":") {
				return errors.New("after a type there is no colon")
			}
			return nil
		}
	}
	return errors.New("a type does not end")
}

func (s *scanner) value(w *written) (err error) {
	s.take("B") // a bit string: B'101'. No other unquoted value begins with it.
	if strings.HasPrefix(s.rest, "'") {
		w.text, err = s.quoted('\'')
		return err
	}
	w.text, s.rest = s.rest, ""
	if end := strings.IndexByte(w.text, ' '); end >= 0 {
		w.text, s.rest = w.text[:end], w.text[end:]
	}
	w.null, w.unchanged = w.text == "null", w.text == "unchanged-toast-datum"
	return nil
}
