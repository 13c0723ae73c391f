package scan

import (
	"encoding/binary"
	"math/bits"
)

// number reads a number: -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *Scanner) number() {
	if s.is('-') {
		s.at++
	}
	if s.is('0') {
		s.at++
	} else if !s.digits() {
		return
	}
	if s.is('.') {
		s.at++
		if !s.digits() {
			return
		}
	}
	if s.is('e') || s.is('E') {
		s.at++
		if s.is('+') || s.is('-') {
			s.at++
		}
		s.digits()
	}
}

func (s *Scanner) is(c byte) bool { return s.at < len(s.text) && s.text[s.at] == c }

// digits reads at least one digit.
func (s *Scanner) digits() bool {
	begin := s.at
	for s.at < len(s.text) && s.text[s.at]-'0' <= 9 {
		s.at++
	}
	if s.at == begin {
		s.fail()
		return false
	}
	return true
}

// quoted reads a string from its opening quote. plain is true if it has no escapes.
func (s *Scanner) quoted() (plain bool) {
	plain = true
	for s.at++; s.ordinary(); {
		switch s.text[s.at] {
		case '"':
			s.at++
			return plain
		case '\\':
			plain = false
			s.escape()
		default: // a control character
			s.fail()
		}
	}
	s.fail()
	return plain
}

// ordinary moves to the next character that is not plain text. It returns false if there is none.
func (s *Scanner) ordinary() bool {
	t, i := s.text, s.at
	for ; i+8 <= len(t); i += 8 {
		if found := special(binary.LittleEndian.Uint64(t[i:])); found != 0 {
			s.at = i + bits.TrailingZeros64(found)/8
			return true
		}
	}
	for ; i < len(t); i++ {
		if c := t[i]; c == '"' || c == '\\' || c < ' ' {
			s.at = i
			return true
		}
	}
	s.at = i
	return false
}

// special marks quotes, backslashes and control characters among eight characters. Only the lowest mark is
// reliable. https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
func special(eight uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, backslash := eight^(each*'"'), eight^(each*'\\')
	return ((quote-each)&^quote | (backslash-each)&^backslash | (eight-each*' ')&^eight) & high
}

// escape reads a backslash and the rest of its escape sequence.
func (s *Scanner) escape() {
	if s.at++; s.at >= len(s.text) {
		s.fail()
		return
	}
	c := s.text[s.at]
	s.at++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
	case 'u':
		const digits = 4
		for range digits {
			if s.at >= len(s.text) || !hexadecimal(s.text[s.at]) {
				s.fail()
				return
			}
			s.at++
		}
	default:
		s.fail()
	}
}

func hexadecimal(c byte) bool { return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f' }
