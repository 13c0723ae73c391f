package evaluation

import (
	"fmt"
	"strings"
)

// Rule is a composite alarm's expression, https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html.
type Rule struct {
	// Names lists the alarms that it uses, in order.
	Names []string

	holds func(state func(name string) string) bool
}

// Holds reports whether a composite alarm with this rule is in the state ALARM, given other alarms' states; otherwise
// it is OK.
func (r *Rule) Holds(state func(name string) string) bool { return r.holds(state) }

// ParseRule reads an expression of ALARM, OK and INSUFFICIENT_DATA, TRUE and FALSE, AND, OR, NOT and parentheses. NOT
// binds tighter than AND, and AND tighter than OR. An alarm is given by its name, with or without quotes, or by its
// ARN.
func ParseRule(text string) (*Rule, error) {
	p := &parser{text: text}
	p.next()
	holds, err := p.either()
	if err == nil && p.token != "" {
		err = fmt.Errorf("%q is unexpected", p.token)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the rule %q: %w", text, err)
	}
	return &Rule{p.names, holds}, nil
}

type holds = func(state func(string) string) bool

type parser struct {
	text  string // the remaining text
	token string
	names []string
}

// next reads a word or a parenthesis.
func (p *parser) next() {
	p.text = strings.TrimLeft(p.text, " \t\r\n")
	end := strings.IndexAny(p.text, "() \t\r\n")
	switch {
	case end < 0:
		end = len(p.text)
	case end == 0:
		end = 1
	}
	p.token, p.text = p.text[:end], p.text[end:]
}

// either parses terms joined by OR.
func (p *parser) either() (holds, error) {
	return p.joined("OR", p.both, func(a, b holds) holds {
		return func(state func(string) string) bool { return a(state) || b(state) }
	})
}

// both parses terms joined by AND.
func (p *parser) both() (holds, error) {
	return p.joined("AND", p.one, func(a, b holds) holds {
		return func(state func(string) string) bool { return a(state) && b(state) }
	})
}

func (p *parser) joined(word string, read func() (holds, error), join func(a, b holds) holds) (holds, error) {
	all, err := read()
	for err == nil && p.token == word {
		p.next()
		var more holds
		if more, err = read(); err == nil {
			all = join(all, more)
		}
	}
	return all, err
}

func (p *parser) one() (holds, error) {
	word := p.token
	p.next()
	switch word {
	case "NOT":
		inner, err := p.one()
		if err != nil {
			return nil, err
		}
		return func(state func(string) string) bool { return !inner(state) }, nil
	case "(":
		inner, err := p.either()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	case "TRUE", "FALSE":
		return func(func(string) string) bool { return word == "TRUE" }, nil
	case Alarm, OK, InsufficientData:
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		return func(state func(string) string) bool { return state(name) == word }, nil
	case "":
		return nil, fmt.Errorf("it ends too early")
	}
	return nil, fmt.Errorf("%q is unexpected", word)
}

func (p *parser) expect(token string) error {
	if p.token != token {
		return fmt.Errorf("%q stands where %q should", p.token, token)
	}
	p.next()
	return nil
}

// name parses the content of a state's parentheses; the opening one is the current token.
func (p *parser) name() (string, error) {
	if p.token != "(" {
		return "", fmt.Errorf("%q stands where a parenthesis should", p.token)
	}
	inside, rest, closed := strings.Cut(p.text, ")")
	if quoted := strings.TrimLeft(inside, " "); strings.HasPrefix(quoted, `"`) { // a quoted name may hold parentheses
		_, from, _ := strings.Cut(p.text, `"`)
		var ended bool
		if inside, rest, ended = strings.Cut(from, `"`); !ended {
			return "", fmt.Errorf("a quote is not closed")
		}
		_, rest, closed = strings.Cut(rest, ")")
	}
	name := strings.TrimSpace(inside)
	if _, bare, isArn := strings.Cut(name, ":alarm:"); isArn {
		name = bare
	}
	if !closed || name == "" {
		return "", fmt.Errorf("no alarm is named")
	}
	p.text = rest
	p.next()
	p.names = append(p.names, name)
	return name, nil
}
