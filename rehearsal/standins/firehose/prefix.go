package firehose

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// prefix is a custom prefix of S3 objects: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html.
type prefix struct{ parts []part }

type part struct {
	namespace string // "" is literal text
	value     string
	moment    javaPattern
}

// values are the values of a prefix's expressions for one object.
type values struct {
	oldest    time.Time // approximate arrival of the object's oldest record, in the stream's time zone
	errorType string
	keys      map[string]string
}

// maxPrefix is the maximum length of an evaluated prefix, in characters.
const maxPrefix = 512

func parsePrefix(text string) (prefix, error) {
	var p prefix
	for text != "" {
		literal, rest, found := strings.Cut(text, "!{")
		if literal != "" {
			p.parts = append(p.parts, part{value: literal})
		}
		if !found {
			break
		}
		expression, after, closed := strings.Cut(rest, "}")
		if !closed {
			return p, fmt.Errorf("prefix: !{%s is not closed", rest)
		}
		one, err := parseExpression(expression)
		if err != nil {
			return p, fmt.Errorf("prefix: !{%s}: %w", expression, err)
		}
		p.parts = append(p.parts, one)
		text = after
	}
	return p, nil
}

func parseExpression(expression string) (part, error) {
	namespace, value, ok := strings.Cut(expression, ":")
	if !ok || value == "" {
		return part{}, errors.New("an expression is namespace:value")
	}
	e := part{namespace: namespace, value: value}
	switch namespace {
	case "timestamp":
		var err error
		e.moment, err = parseJavaPattern(value)
		return e, err
	case "firehose":
		if value != "error-output-type" && value != "random-string" {
			return e, errors.New("there are error-output-type and random-string")
		}
	case "partitionKeyFromQuery":
	default:
		return e, errors.New("this namespace is not implemented")
	}
	return e, nil
}

func (p prefix) has(namespace, value string) bool {
	for _, e := range p.parts {
		if e.namespace == namespace && (value == "" || e.value == value) {
			return true
		}
	}
	return false
}

func (p prefix) expressions() bool {
	for _, e := range p.parts {
		if e.namespace != "" {
			return true
		}
	}
	return false
}

// keys are the partition keys that the prefix uses.
func (p prefix) keys() []string {
	var out []string
	for _, e := range p.parts {
		if e.namespace == "partitionKeyFromQuery" {
			out = append(out, e.value)
		}
	}
	return out
}

func (p prefix) evaluate(v values) (string, error) {
	var b strings.Builder
	for _, e := range p.parts {
		switch e.namespace {
		case "":
			b.WriteString(e.value)
		case "timestamp":
			b.WriteString(e.moment.format(v.oldest))
		case "partitionKeyFromQuery":
			value, ok := v.keys[e.value]
			if !ok {
				return "", fmt.Errorf("prefix: there is no partition key %q", e.value)
			}
			b.WriteString(value)
		case "firehose":
			if e.value == "error-output-type" {
				b.WriteString(v.errorType)
			} else {
				b.WriteString(randomString())
			}
		}
	}
	if n := len([]rune(b.String())); n > maxPrefix {
		return "", fmt.Errorf("prefix: %d characters after evaluation are more than %d", n, maxPrefix)
	}
	return b.String(), nil
}

const randomLength = 11

func randomString() string {
	const digits = "0123456789abcdef"
	b := make([]byte, randomLength)
	for i := range b {
		b[i] = digits[rand.IntN(len(digits))] // a name, which need not be secret
	}
	return string(b)
}

// prefixes are an S3 destination's two prefixes, after the rules that combine them.
type prefixes struct{ records, errors prefix }

// hourly is added to a prefix without a timestamp.
const hourly = "!{timestamp:yyyy/MM/dd/HH}/"

// parsePrefixes applies the rules on that page. A partitioned prefix gets no timestamp:
// https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-s3bucketprefix.html.
func parsePrefixes(records, failures string, partitioned bool) (prefixes, error) {
	var out prefixes
	first, err := parsePrefix(records)
	if err != nil {
		return out, err
	}
	second, err := parsePrefix(failures)
	switch {
	case err != nil:
		return out, fmt.Errorf("error output %w", err)
	case first.has("firehose", "error-output-type"):
		return out, errors.New("prefix: error-output-type belongs into the error output prefix")
	case second.has("partitionKeyFromQuery", ""):
		return out, errors.New("error output prefix: a failed record has no partition keys")
	case failures == "" && (first.expressions() || partitioned):
		return out, errors.New("error output prefix: must be set when the prefix has expressions or is partitioned")
	case second.expressions() && !second.has("firehose", "error-output-type"):
		return out, errors.New("error output prefix: with expressions it must contain !{firehose:error-output-type}")
	case partitioned && len(first.keys()) == 0:
		return out, errors.New("prefix: with dynamic partitioning it must contain a partition key")
	case !partitioned && len(first.keys()) > 0:
		return out, errors.New("prefix: partition keys need dynamic partitioning")
	}
	if failures == "" {
		if second, err = parsePrefix(records + "!{firehose:error-output-type}/" + hourly); err != nil {
			return out, err
		}
	}
	if failures != "" && !second.expressions() {
		if second, err = parsePrefix(failures + hourly); err != nil {
			return out, err
		}
	}
	if !first.has("timestamp", "") && !partitioned {
		if first, err = parsePrefix(records + hourly); err != nil {
			return out, err
		}
	}
	return prefixes{first, second}, nil
}
