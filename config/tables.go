package config

import (
	"cdcpipeline/internal/table"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// identifier excludes characters that an index name or an object key cannot contain. It excludes DMS's wildcards,
// except %:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html
var identifier = regexp.MustCompile(`^[\p{L}\p{N}_$%-]+$`)

// omittable matches column names that a transformation rule can contain:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Transformations.html
var omittable = regexp.MustCompile(`^[\p{L}\p{N}_]+$`)

func (t Table) pattern() table.Pattern { return table.Pattern{Database: t.Database, Table: t.Table} }

func (t ExcludedTable) pattern() table.Pattern { return table.Pattern(t) }

// Probes returns the tables that cdc conformance makes and drops. It returns none unless Conformance is true.
func (s Source) Probes() []Table {
	if !s.Conformance {
		return nil
	}
	return []Table{{Database: "cdc_conformance", Table: table.Any}}
}

func (s Source) validateTables(p *problems, at string) {
	if len(s.Tables) == 0 {
		p.add(at+".tables", "is empty: name at least one table to follow")
	}
	for i, table := range s.Tables {
		key := fmt.Sprintf("%s.tables[%d]", at, i)
		s.validatePattern(p, key, table.pattern())
		s.validateOverlap(p, at, i)
		validateOmitted(p, key+".omitColumns", table.OmitColumns)
		validateFilters(p, key, table)
	}
	for i := range s.Exclude {
		s.validateExcluded(p, at, i)
	}
	for _, probes := range s.Probes() {
		for i, table := range s.Tables {
			if probes.pattern().Folded().Overlaps(table.pattern().Folded()) {
				p.add(at+".conformance", "is not needed, because %s.tables[%d] (%s) already includes %s: remove it, and name a table with `cdc conformance --table`", at, i, table.pattern(), probes.pattern())
			}
		}
	}
}

func (s Source) validatePattern(p *problems, key string, named table.Pattern) {
	s.validateIdentifier(p, key+".database", named.Database)
	s.validateIdentifier(p, key+".table", named.Table)
	switch {
	case !s.Engine.owns(named.Database):
	case s.PostgreSQL() && strings.EqualFold(named.Database, HeartbeatSchema):
		p.add(key+".database", "%q is the schema of DMS's heartbeat: follow tables of your own schemas", named.Database)
	case s.PostgreSQL():
		p.add(key+".database", "%q belongs to PostgreSQL itself: follow tables of your own schemas", named.Database)
	default:
		p.add(key+".database", "%q belongs to MySQL itself: follow tables of your own databases", named.Database)
	}
}

func (s Source) validateIdentifier(p *problems, key, name string) {
	most, unit, count := s.Engine.maxIdentifier()
	switch {
	case name == "":
		p.add(key, "is missing: give each table a database and a table name")
	case count(name) > most:
		p.add(key, "is %d %s long: %s allows at most %d", count(name), unit, s.Engine.server(), most)
	default:
		p.matches(key, name, identifier, "letters, digits, _, $ and - only, and % for any text")
	}
}

// validateOverlap refuses a table that an earlier entry also matches. DMS does not document which entry's filters
// apply then.
func (s Source) validateOverlap(p *problems, at string, i int) {
	key, table := fmt.Sprintf("%s.tables[%d]", at, i), s.Tables[i].pattern()
	for j, earlier := range s.Tables[:i] {
		other := earlier.pattern()
		switch a, b := table.Folded(), other.Folded(); {
		case a == b:
			p.add(key, "%s is already %s.tables[%d] (upper and lower case count as the same name): remove one of them", table, at, j)
		case a.Overlaps(b):
			p.add(key, "%s and %s.tables[%d] (%s) include the same tables: separate the patterns, or remove one of them", table, at, j, other)
		default:
			continue
		}
		return
	}
}

func (s Source) validateExcluded(p *problems, at string, i int) {
	key, excluded := fmt.Sprintf("%s.exclude[%d]", at, i), s.Exclude[i].pattern()
	s.validateIdentifier(p, key+".database", excluded.Database)
	s.validateIdentifier(p, key+".table", excluded.Table)
	if excluded.Database == "" || excluded.Table == "" {
		return
	}
	useful := false
	for i, table := range s.Tables {
		switch {
		case excluded.Covers(table.pattern()):
			p.add(key, "%s excludes everything that %s.tables[%d] (%s) includes: remove one of them", excluded, at, i, table.pattern())
			return
		case excluded.Overlaps(table.pattern()):
			useful = true
		}
	}
	if !useful {
		p.add(key, "%s matches no entry of %s.tables: remove it", excluded, at)
	}
}

func validateOmitted(p *problems, key string, columns []string) {
	p.distinct(key, columns)
	for i, column := range columns {
		if column != "" {
			p.matches(fmt.Sprintf("%s[%d]", key, i), column, omittable, "letters, digits and _ only: name each column separately; DMS cannot transform columns with other names")
		}
	}
}

var filterOperators = []FilterOperator{FilterEq, FilterNotEq, FilterGte, FilterLte, FilterSte, FilterBetween, FilterNotBetween, FilterNull, FilterNotNull}

// validateFilters checks the filters against DMS's rules.
func validateFilters(p *problems, key string, table Table) {
	if _, one := table.pattern().One(); len(table.Filters) > 0 && !one {
		p.add(key+".filters", "need a table that is given by its name, because DMS does not filter the tables of a pattern: name the table in an entry of its own")
	}
	for i, filter := range table.Filters {
		key := fmt.Sprintf("%s.filters[%d]", key, i)
		if filter.Column == "" {
			p.add(key+".column", "is missing: name the column to filter on")
		}
		if slices.Contains(table.OmitColumns, filter.Column) && filter.Column != "" {
			p.add(key+".column", "%q is in omitColumns too, and AWS does not document whether DMS can filter by an omitted column: remove one of the two", filter.Column)
		}
		oneOf(p, key+".operator", filter.Operator, filterOperators...)
		if slices.Contains(filterOperators, filter.Operator) {
			validateValues(p, key, filter)
		}
		if filter.Operator.negative() && countColumn(table.Filters, filter.Column) > 1 {
			p.add(key+".operator", "%s must be the only filter on column %q, because DMS allows no alternative to a negative filter: remove the others", filter.Operator, filter.Column)
		}
	}
}

func validateValues(p *problems, key string, filter Filter) {
	for i, value := range []struct{ key, value string }{{key + ".value", filter.Value}, {key + ".endValue", filter.EndValue}} {
		switch wanted := i < filter.Operator.Values(); {
		case wanted && value.value == "":
			p.add(value.key, "is missing: operator %s compares with %d values", filter.Operator, filter.Operator.Values())
		case !wanted && value.value != "":
			p.add(value.key, "must be left out: operator %s compares with %d values", filter.Operator, filter.Operator.Values())
		}
	}
}

func countColumn(filters []Filter, column string) int {
	n := 0
	for _, filter := range filters {
		if filter.Column == column {
			n++
		}
	}
	return n
}
