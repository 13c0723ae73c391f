package dms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// keyType is the content of a record's partition key.
type keyType string

const (
	keyPrimary     keyType = "primary-key"
	keySchemaTable keyType = "schema-table"
	keyTask        keyType = "task-id"
)

// tableMappings are the rules that select tables, rows and columns, and set the records' keys:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.html.
type tableMappings struct {
	include []inclusion
	exclude []pattern
	keys    []keyRule
	omitted []omission
}

// inclusion selects all rows, or those that pass its filters.
type inclusion struct {
	pattern
	filters []filterRule
}

// omission removes a column from every record.
type omission struct {
	pattern
	column *regexp.Regexp
}

type pattern struct{ schema, table *regexp.Regexp }

func (p pattern) matches(n name) bool {
	return p.schema.MatchString(n.schema) && p.table.MatchString(n.table)
}

type keyRule struct {
	pattern
	key keyType
}

// name is a table's.
type name struct{ schema, table string }

func (n name) String() string { return n.schema + "." + n.table }

type rule struct {
	Type       string          `json:"rule-type"`
	ID         any             `json:"rule-id"`
	Name       any             `json:"rule-name"`
	Action     string          `json:"rule-action"`
	Target     string          `json:"rule-target"`
	Locator    *locator        `json:"object-locator"`
	Filters    []filterRule    `json:"filters"`
	LoadOrder  json.RawMessage `json:"load-order"` // tables are always loaded one after the other
	Parameters *struct {
		PartitionKeyType string `json:"partition-key-type"`
	} `json:"mapping-parameters"`
}

type locator struct {
	Schema string `json:"schema-name"`
	Table  string `json:"table-name"`
	Column string `json:"column-name"`
}

func parseMappings(text string) (tableMappings, error) {
	var document struct {
		Rules []json.RawMessage `json:"rules"`
	}
	if err := strict([]byte(text), &document); err != nil {
		return tableMappings{}, fmt.Errorf("table mappings: %w", err)
	}
	var m tableMappings
	var problems []error
	for i, raw := range document.Rules {
		var r rule
		err := strict(raw, &r)
		if err == nil {
			err = m.add(r)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("table mappings: rule %d: %w", i+1, err))
		}
	}
	if len(m.include) == 0 && len(problems) == 0 {
		problems = append(problems, errors.New("table mappings: no rule includes a table"))
	}
	return m, errors.Join(problems...)
}

func (m *tableMappings) add(r rule) error {
	if r.Locator == nil || r.Locator.Schema == "" || r.Locator.Table == "" {
		return errors.New("object-locator needs schema-name and table-name")
	}
	p, err := r.Locator.pattern()
	if err != nil {
		return err
	}
	kind := r.Type + " " + r.Action
	if r.Locator.Column != "" && kind != "transformation remove-column" {
		return errors.New("column-name has no meaning here")
	}
	if len(r.Filters) > 0 {
		if err := checkFilters(r, kind); err != nil {
			return err
		}
	}
	switch kind {
	case "selection include":
		m.include = append(m.include, inclusion{p, r.Filters})
	case "transformation remove-column":
		if r.Target != "column" || r.Locator.Column == "" {
			return errors.New("remove-column needs rule-target column and a column-name")
		}
		column, err := wildcards(r.Locator.Column)
		if err != nil {
			return fmt.Errorf("column-name: %w", err)
		}
		m.omitted = append(m.omitted, omission{p, column})
	case "selection exclude":
		m.exclude = append(m.exclude, p)
	case "object-mapping map-record-to-record", "object-mapping map-record-to-document":
		if r.Parameters == nil {
			return errors.New("an object-mapping rule without mapping-parameters has no effect here")
		}
		key := keyType(r.Parameters.PartitionKeyType)
		if key != keyPrimary && key != keySchemaTable {
			return fmt.Errorf("partition-key-type %q is not implemented", key)
		}
		m.keys = append(m.keys, keyRule{p, key})
	default:
		return fmt.Errorf("rule-type %q with rule-action %q is not implemented", r.Type, r.Action)
	}
	return nil
}

// selects reports whether a table is replicated: some rule includes it and none excludes it.
func (m tableMappings) selects(n name) bool {
	for _, p := range m.exclude {
		if p.matches(n) {
			return false
		}
	}
	for _, p := range m.include {
		if p.matches(n) {
			return true
		}
	}
	return false
}

// filters selects a table's rows. If several selections match a table and one of them has filters, DMS does not
// document which rows it selects.
func (m tableMappings) filters(n name) ([]filterRule, error) {
	var found []filterRule
	selections := 0
	for _, p := range m.include {
		if p.matches(n) {
			selections++
			found = append(found, p.filters...)
		}
	}
	if selections > 1 && len(found) > 0 {
		return nil, fmt.Errorf("table %s: %d rules include it and one of them filters: that is not implemented", n, selections)
	}
	return found, nil
}

// omits reports whether a rule removes a column.
func (m tableMappings) omits(n name, column string) bool {
	for _, o := range m.omitted {
		if o.matches(n) && o.column.MatchString(column) {
			return true
		}
	}
	return false
}

// key is the rule for a table's partition key, if any.
func (m tableMappings) key(n name) (keyType, bool) {
	for _, r := range m.keys {
		if r.matches(n) {
			return r.key, true
		}
	}
	return "", false
}

func (l locator) pattern() (pattern, error) {
	schema, err := wildcards(l.Schema)
	if err != nil {
		return pattern{}, fmt.Errorf("schema-name: %w", err)
	}
	table, err := wildcards(l.Table)
	if err != nil {
		return pattern{}, fmt.Errorf("table-name: %w", err)
	}
	return pattern{schema, table}, nil
}

// wildcards compiles a name pattern: % matches any text, _ any one character, [x] the character x itself:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html.
func wildcards(text string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; r {
		case '%':
			b.WriteString(`.*`)
		case '_':
			b.WriteString(`.`)
		case '[':
			if i+2 >= len(runes) || runes[i+2] != ']' {
				return nil, fmt.Errorf("%q: only one character may stand in brackets", text)
			}
			b.WriteString(regexp.QuoteMeta(string(runes[i+1])))
			i += 2
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteString(`\z`)
	compiled, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return compiled, nil
}

func strict(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("reading JSON: %w", err)
	}
	return nil
}
