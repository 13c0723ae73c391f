package verify

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/workload"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The source's values come as [workload.Column.Canonical] has them, the sinks' as raw JSON. Both are brought into one
// normal form, text that is equal for equal values: 1.50 and 1.5; 2026-01-02 03:04:05 and 2026-01-02T03:04:05.000Z;
// JSON documents whose members are ordered differently.

// ofSource is the normal form of a value of the source; null is also what no sink can hold, MySQL's zero date.
func ofSource(c workload.Column, value any) (normal string, null bool) {
	if value == nil {
		return "", true
	}
	text := fmt.Sprint(value)
	switch c.Kind {
	case workload.Date, workload.DateTime, workload.Timestamp:
		if len(text) >= 10 && (text[:4] == "0000" || text[5:7] == "00" || text[8:10] == "00") {
			return "", true
		}
	case workload.Binary:
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			return strings.ToUpper(hex.EncodeToString(raw)), false
		}
	case workload.Bool, workload.Bit, workload.Integer, workload.Year: // digits already
		return text, false
	default:
	}
	return normalText(c, text), false
}

// ofSink is the normal form of a column of a record. What does not have the column's type stays as it is, and so
// differs from every value of it.
func ofSink(c workload.Column, raw string, present bool) (normal string, null bool) {
	if !present || raw == "null" {
		return "", true
	}
	text := raw
	if raw[0] == '"' {
		if json.Unmarshal([]byte(raw), &text) != nil {
			return raw, false
		}
	}
	switch c.Kind {
	case workload.Integer, workload.Bool, workload.Year, workload.Bit:
		return integer(text), false
	case workload.Binary:
		return strings.ToUpper(strings.TrimPrefix(text, "0x")), false
	default:
	}
	return normalText(c, text), false
}

func normalText(c workload.Column, text string) string {
	switch c.Kind {
	case workload.Decimal:
		return decimal(text)
	case workload.Float:
		return float(text, 32)
	case workload.Double:
		return float(text, 64)
	case workload.Date:
		date, clock, _ := strings.Cut(text, "T")
		if strings.Trim(clock, "0:.Z") == "" {
			return date
		}
	case workload.DateTime, workload.Timestamp:
		return dateTime(text)
	case workload.Time:
		return trimFraction(text)
	case workload.JSON:
		return document(text)
	default:
	}
	return text
}

// integer takes what DMS writes for integers, BIT(1) and longer bit strings: 42, true, "0x01FF".
func integer(text string) string {
	switch text {
	case "true":
		return "1"
	case "false":
		return "0"
	}
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		if n, err := strconv.ParseUint(digits, 16, 64); err == nil {
			return strconv.FormatUint(n, 10)
		}
	}
	return decimal(text) // DMS before 3.5.4 writes 1.2E17: exact digits, or a difference
}

func float(text string, bits int) string {
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return text
	}
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

var number = regexp.MustCompile(`^(-?)0*(\d+?)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$`)

// decimal writes a number without an exponent and without zeros at its ends.
func decimal(text string) string {
	m := number.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	whole, fraction := m[2], m[3]
	exponent, _ := strconv.Atoi(m[4])
	if exponent > 0 {
		fraction += strings.Repeat("0", max(0, exponent-len(fraction)))
		whole, fraction = whole+fraction[:exponent], fraction[exponent:]
	} else if exponent < 0 {
		whole = strings.Repeat("0", max(0, 1-exponent-len(whole))) + whole
		whole, fraction = whole[:len(whole)+exponent], whole[len(whole)+exponent:]+fraction
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if whole == "0" {
		return "0"
	}
	return m[1] + whole
}

// dateTime drops the zone, which is UTC on both sides, and zeros of the fraction.
func dateTime(text string) string {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "Z"), "+00:00")
	return trimFraction(strings.Replace(text, " ", "T", 1))
}

func trimFraction(text string) string {
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// document writes JSON with its members in order and its numbers in one form.
func document(text string) string {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(numbers(v)) != nil {
		return text
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return json.Number(decimal(string(v)))
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}

// sourceTable is a table of the source with what is needed to compare its rows with those of the sinks.
type sourceTable struct {
	*workload.Table
	ignored map[string]bool
	// since is when the records begin that count.
	since time.Time
}

// ColumnDifference is a column whose value in a sink does not mean what the source has.
type ColumnDifference struct {
	Column string `json:"column"`
	// Source and Sink are the values; a sink's is raw JSON. NULL and an absent column are "NULL".
	Source string `json:"source"`
	Sink   string `json:"sink"`
}

// compare the columns of the source with a sink's. A column that only the sink has is none of the source's any more.
func (t *sourceTable) compare(source map[string]any, sink change.Row) []ColumnDifference {
	var found []ColumnDifference
	for _, c := range t.Columns {
		if c.Kind == workload.Unsupported || t.ignored[c.Name] {
			continue
		}
		raw, present := sink.Get(c.Name)
		want, none := ofSource(c, source[c.Name])
		got, absent := ofSink(c, raw, present)
		// DMS may leave an empty string out like a NULL: IncludeNullAndEmpty is false.
		if want == got && none == absent || !present && want == "" {
			continue
		}
		d := ColumnDifference{Column: c.Name, Source: "NULL", Sink: "NULL"}
		if !none {
			d.Source = fmt.Sprint(source[c.Name])
		}
		if !absent {
			d.Sink = raw
		}
		found = append(found, d)
	}
	return found
}

// keyOfSource is the key of a row of the source in normal form.
func (t *sourceTable) keyOfSource(row map[string]any) change.Key {
	key := make(change.Key, len(t.Key))
	for n, i := range t.Key {
		key[n], _ = ofSource(t.Columns[i], row[t.Columns[i].Name])
	}
	return key
}

// keyOfSink is the key of a row that a record or a document has, in normal form.
func (t *sourceTable) keyOfSink(row change.Row) (change.Key, error) {
	key := make(change.Key, len(t.Key))
	for n, i := range t.Key {
		c := t.Columns[i]
		raw, present := row.Get(c.Name)
		normal, null := ofSink(c, raw, present)
		if null {
			return nil, fmt.Errorf("a row of %s in the sink lacks column %s of the primary key", t.Name, c.Name)
		}
		key[n] = normal
	}
	return key, nil
}

// describe writes a key for people: trans_id=42.
func (t *sourceTable) describe(key change.Key) string {
	parts := make([]string, len(key))
	for n, i := range t.Key {
		parts[n] = t.Columns[i].Name + "=" + key[n]
	}
	return strings.Join(parts, " ")
}
