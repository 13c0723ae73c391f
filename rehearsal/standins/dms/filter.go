package dms

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// filterRule is a source filter. One of its conditions must hold; all filters of a rule must hold:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.Filters.html.
type filterRule struct {
	Type       string      `json:"filter-type"`
	Column     string      `json:"column-name"`
	Conditions []condition `json:"filter-conditions"`
}

type condition struct {
	Operator string `json:"filter-operator"`
	Value    string `json:"value"`
	Start    string `json:"start-value"`
	End      string `json:"end-value"`
}

// holds has the operators. Each gets up to two comparison results. A NULL only matches null tests.
var holds = map[string]func(c condition, compare func(string) int) bool{
	"eq":         func(c condition, compare func(string) int) bool { return compare(c.Value) == 0 },
	"noteq":      func(c condition, compare func(string) int) bool { return compare(c.Value) != 0 },
	"gte":        func(c condition, compare func(string) int) bool { return compare(c.Value) >= 0 },
	"lte":        func(c condition, compare func(string) int) bool { return compare(c.Value) <= 0 },
	"ste":        func(c condition, compare func(string) int) bool { return compare(c.Value) <= 0 },
	"between":    func(c condition, compare func(string) int) bool { return compare(c.Start) >= 0 && compare(c.End) <= 0 },
	"notbetween": func(c condition, compare func(string) int) bool { return compare(c.Start) < 0 || compare(c.End) > 0 },
	"notnull":    func(condition, func(string) int) bool { return true },
	"null":       func(condition, func(string) int) bool { return false },
}

func (c condition) values() []string {
	switch c.Operator {
	case "null", "notnull":
		return nil
	case "between", "notbetween":
		return []string{c.Start, c.End}
	}
	return []string{c.Value}
}

// checkFilters checks that page's requirements for a rule.
func checkFilters(r rule, kind string) error {
	if kind != "selection include" {
		return errors.New("filters are for rules that include tables")
	}
	if strings.ContainsAny(r.Locator.Schema+r.Locator.Table, "%[") {
		return errors.New("filters need a table by its exact name")
	}
	for _, f := range r.Filters {
		if f.Type != "source" || f.Column == "" || len(f.Conditions) == 0 {
			return errors.New("a filter needs filter-type source, a column-name and filter-conditions")
		}
		for _, c := range f.Conditions {
			if holds[c.Operator] == nil {
				return fmt.Errorf("filter-operator %q is unknown", c.Operator)
			}
			if slices.Contains(c.values(), "") || len(c.values()) != given(c) {
				return fmt.Errorf("filter-operator %s does not have the values it compares with", c.Operator)
			}
			if len(f.Conditions) > 1 && slices.Contains([]string{"noteq", "notbetween", "notnull"}, c.Operator) {
				return fmt.Errorf("filter-operator %s must be the only condition of its filter", c.Operator)
			}
		}
	}
	return nil
}

func given(c condition) int {
	n := 0
	for _, value := range []string{c.Value, c.Start, c.End} {
		if value != "" {
			n++
		}
	}
	return n
}

// rowFilter is a filter on a table's column.
type rowFilter struct {
	index      int
	conditions []condition
}

// readFilters finds the columns of a table's filters, and refuses comparisons that are not implemented.
func (t *table) readFilters(m tableMappings) error {
	rules, err := m.filters(t.name)
	if err != nil {
		return err
	}
	for _, r := range rules {
		i := t.index(r.Column)
		if i < 0 {
			return fmt.Errorf("table %s: its filter is on column %s, which it does not have", t.name, r.Column)
		}
		c := t.columns[i]
		if c.lob || !slices.Contains([]kind{kindInteger, kindDecimal, kindFloat, kindYear, kindDate, kindDateTime, kindText, kindEnum}, c.kind) {
			return fmt.Errorf("table %s: a filter on column %s (%s) is not implemented", t.name, r.Column, c.typ)
		}
		t.filters = append(t.filters, rowFilter{i, r.Conditions})
		if !c.numeric() {
			continue
		}
		for _, condition := range r.Conditions {
			for _, value := range condition.values() {
				if _, ok := new(big.Rat).SetString(value); !ok {
					return fmt.Errorf("table %s: its filter compares column %s with %q, which is no number", t.name, r.Column, value)
				}
			}
		}
	}
	return nil
}

func (c *column) numeric() bool {
	return slices.Contains([]kind{kindInteger, kindDecimal, kindFloat, kindYear}, c.kind)
}

// passes reports whether a row passes the filters.
func (t *table) passes(row []any, fromBinlog bool) (bool, error) {
	for _, f := range t.filters {
		ok, err := f.passes(&t.columns[f.index], row[f.index], fromBinlog)
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// errUnfiltered means that the log omits a value that the row's filter needs.
var errUnfiltered = errors.New("the log does not have it")

// filterable reports whether a row has every column that its table's filters need.
func (t *table) filterable(row []any) bool {
	return !slices.ContainsFunc(t.filters, func(f rowFilter) bool { _, is := row[f.index].(absent); return is })
}

// merged fills a row's omitted values from the old row.
func merged(row, before []any) []any {
	if before == nil || !slices.ContainsFunc(row, func(v any) bool { _, is := v.(absent); return is }) {
		return row
	}
	whole := slices.Clone(row)
	for i, v := range whole {
		if _, is := v.(absent); is {
			whole[i] = before[i]
		}
	}
	return whole
}

func (f rowFilter) passes(c *column, value any, fromBinlog bool) (bool, error) {
	if _, is := value.(absent); is {
		return false, fmt.Errorf("its filter compares column %s: %w", c.name, errUnfiltered)
	}
	text, null, err := c.append(nil, value, &format{largeIntegers: true, fromBinlog: fromBinlog})
	if err != nil {
		return false, err
	}
	if null {
		return slices.ContainsFunc(f.conditions, func(c condition) bool { return c.Operator == "null" }), nil
	}
	compare, err := c.comparison(text)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(f.conditions, func(c condition) bool { return holds[c.Operator](c, compare) }), nil
}

// comparison compares a JSON value with a filter's value: numbers by size, everything else as text, including dates
// and times. SQLite does the same, and DMS's page refers to SQLite's conventions.
func (c *column) comparison(text []byte) (func(string) int, error) {
	if c.numeric() {
		number, ok := new(big.Rat).SetString(string(text))
		if !ok {
			return nil, fmt.Errorf("column %s: %s is no number", c.name, text)
		}
		return func(value string) int {
			other, _ := new(big.Rat).SetString(value) // it was checked when the filter was read
			return number.Cmp(other)
		}, nil
	}
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, fmt.Errorf("column %s: %w", c.name, err)
	}
	if c.kind == kindDateTime {
		plain = strings.TrimSuffix(strings.Replace(plain, "T", " ", 1), "Z")
	}
	return func(value string) int { return strings.Compare(plain, value) }, nil
}

// chosen reports whether a change concerns a selected row. If a change moves a row in or out of a filter, DMS only
// documents adverse effects.
func (c *change) chosen() (bool, error) {
	after, err := c.table.passes(merged(c.row, c.before), true)
	if err != nil || c.before == nil || !c.table.filterable(c.before) {
		return after, err
	}
	before, err := c.table.passes(c.before, true)
	if err == nil && before != after {
		err = fmt.Errorf("table %s: a change moves a row across its filter: filters are for columns that never change", c.table.name)
	}
	return after, err
}
