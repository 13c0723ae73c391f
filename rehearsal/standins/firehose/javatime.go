package firehose

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// javaPattern is the part of Java's DateTimeFormatter patterns that object names use:
// https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html.
type javaPattern []javaField

type javaField struct {
	letter  rune // 0 is literal text
	count   int
	literal string
}

// widths has the allowed lengths of the supported letters.
var widths = map[rune]int{'y': 4, 'u': 4, 'M': 2, 'd': 2, 'D': 3, 'H': 2, 'm': 2, 's': 2, 'S': 9}

func parseJavaPattern(text string) (javaPattern, error) {
	var p javaPattern
	runes := []rune(text)
	literal := func(s string) { p = append(p, javaField{literal: s}) }
	for i := 0; i < len(runes); {
		r := runes[i]
		switch {
		case r == '\'':
			end := i + 1
			var b strings.Builder
			for ; ; end++ {
				if end >= len(runes) {
					return nil, fmt.Errorf("pattern %q: a quote is not closed", text)
				}
				if runes[end] != '\'' {
					b.WriteRune(runes[end])
					continue
				}
				if end+1 == len(runes) || runes[end+1] != '\'' {
					break
				}
				b.WriteRune('\'')
				end++
			}
			if end == i+1 {
				b.WriteRune('\'') // '' is a quote
			}
			literal(b.String())
			i = end + 1
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			n := i
			for n < len(runes) && runes[n] == r {
				n++
			}
			if most, ok := widths[r]; !ok || n-i > most {
				return nil, fmt.Errorf("pattern %q: %s is not implemented", text, string(runes[i:n]))
			}
			p = append(p, javaField{letter: r, count: n - i})
			i = n
		case strings.ContainsRune("{}#[]", r):
			return nil, fmt.Errorf("pattern %q: %q is reserved", text, r)
		default:
			literal(string(r))
			i++
		}
	}
	return p, nil
}

func (p javaPattern) format(t time.Time) string {
	var b strings.Builder
	for _, f := range p {
		switch f.letter {
		case 0:
			b.WriteString(f.literal)
		case 'y', 'u':
			year := t.Year()
			if f.count == 2 {
				year %= 100
			}
			b.WriteString(pad(year, f.count))
		case 'M':
			b.WriteString(pad(int(t.Month()), f.count))
		case 'd':
			b.WriteString(pad(t.Day(), f.count))
		case 'D':
			b.WriteString(pad(t.YearDay(), f.count))
		case 'H':
			b.WriteString(pad(t.Hour(), f.count))
		case 'm':
			b.WriteString(pad(t.Minute(), f.count))
		case 's':
			b.WriteString(pad(t.Second(), f.count))
		case 'S':
			b.WriteString(pad(t.Nanosecond(), 9)[:f.count])
		}
	}
	return b.String()
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}
