// Package scan reads JSON in one pass and copies nothing: it checks what it goes over and says where values are.
//
// It is for what comes by the thousand, change records and batches of them, and takes a third of the time of going over a text once to check it and
// again for each level. What it takes to be JSON is what encoding/json does (a fuzz test holds them together), but for the text's being
// UTF-8, which nobody checks here.
package scan

// maxDepth of values within values, as in encoding/json.
const maxDepth = 10_000

// Scanner goes over a text. After something that is no JSON it stands at the end, and [Scanner.Done] is false.
type Scanner struct {
	text []byte
	at   int
	// fresh is between the beginning of an object or array and its first member.
	fresh, bad bool
}

// Span is where something is in the text.
type Span struct{ Begin, End int }

// Of the text, what is there.
func (p Span) Of(text string) string { return text[p.Begin:p.End] }

// In the text's bytes, what is there.
func (p Span) In(text []byte) []byte { return text[p.Begin:p.End] }

// New scanner at the beginning of a text, which nobody may change.
func New(text []byte) Scanner { return Scanner{text: text} }

// Next is the first byte of what comes next, which says what it is; 0 at the end.
func (s *Scanner) Next() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// Done reports whether the text was JSON and nothing is left of it.
func (s *Scanner) Done() bool { return s.Next() == 0 && s.at == len(s.text) && !s.bad }

// Bad reports whether something was no JSON.
func (s *Scanner) Bad() bool { return s.bad }

// Enter the object ('{') or array ('[') that comes next.
func (s *Scanner) Enter(open byte) {
	if s.Next() != open {
		s.fail()
		return
	}
	s.at++
	s.fresh = true
}

// More goes to the next member of what was entered, which end ends ('}' or ']'). Without one it leaves, and is false.
func (s *Scanner) More(end byte) bool {
	c, first := s.Next(), s.fresh
	s.fresh = false
	switch {
	case c == end:
		s.at++
		return false
	case first:
		return !s.bad
	case c != ',':
		s.fail()
		return false
	}
	s.at++
	return true
}

// Name goes over a member's name and the colon after it. The span is what is within the quotes, which is the name itself if it is plain.
func (s *Scanner) Name() (name Span, plain bool) {
	name, plain = s.Text()
	if s.Next() != ':' {
		s.fail()
		return Span{}, true
	}
	s.at++
	return name, plain
}

// Text goes over a string. The span is what is within the quotes, which is the text itself if it is plain: without escapes.
func (s *Scanner) Text() (text Span, plain bool) {
	if s.Next() != '"' {
		s.fail()
		return Span{}, true
	}
	begin := s.at + 1
	plain = s.quoted()
	if s.bad {
		return Span{}, true
	}
	return Span{begin, s.at - 1}, plain
}

// Value goes over any value.
func (s *Scanner) Value() Span {
	s.Next()
	begin := s.at
	s.value(maxDepth)
	if s.bad {
		return Span{}
	}
	return Span{begin, s.at}
}

func (s *Scanner) value(depth int) {
	if s.fresh = false; depth == 0 {
		s.fail()
		return
	}
	switch c := s.Next(); c {
	case '{':
		for s.Enter('{'); s.More('}'); {
			s.Name()
			s.value(depth - 1)
		}
	case '[':
		for s.Enter('['); s.More(']'); {
			s.value(depth - 1)
		}
	case '"':
		s.quoted()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.number()
	}
}

func (s *Scanner) literal(word string) {
	if end := s.at + len(word); end <= len(s.text) && string(s.text[s.at:end]) == word {
		s.at = end
		return
	}
	s.fail()
}

func (s *Scanner) fail() { s.bad, s.fresh, s.at = true, false, len(s.text) }
