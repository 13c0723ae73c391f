package replication

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/table"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// maxRuleID limits rule ids to nine digits, as in DMS's console.
const maxRuleID = 1_000_000_000

// tableMappings are the DMS rules, as JSON, that select tables, set the records' keys and omit columns.
//
// Each table, or pattern of tables, gets a selection rule and an object-mapping rule. Without the second one DMS keys
// changes by schema and table, which sends a whole table to one shard, but keys loaded rows by primary key,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html#CHAP_Target.Kinesis.ObjectMapping.
//
// Rules are sorted by table, and their ids are derived from their content. So neither the order in the configuration
// nor another table changes a table's rules.
func tableMappings(engine config.Engine, tables []config.Table, excluded []config.ExcludedTable) (string, error) {
	if len(tables) == 0 {
		return "", errors.New("source.tables: name at least one table to replicate")
	}
	m := mappings{ids: ruleIDs{}}
	for _, table := range slices.SortedFunc(slices.Values(tables), func(a, b config.Table) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Table, b.Table))
	}) {
		m.follow(table)
	}
	m.excludeAll(engine.SystemSchemas(), tables, excluded)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the table mappings: %w", err)
	}
	return string(text), nil
}

type mappings struct {
	Rules []rule `json:"rules"`
	ids   ruleIDs
}

type rule struct {
	Type       string             `json:"rule-type"`
	ID         string             `json:"rule-id"`
	Name       string             `json:"rule-name"`
	Target     string             `json:"rule-target,omitempty"`
	Object     locator            `json:"object-locator"`
	Action     string             `json:"rule-action"`
	Parameters *mappingParameters `json:"mapping-parameters,omitempty"`
	Filters    []filter           `json:"filters,omitempty"`
}

type locator struct {
	Schema string `json:"schema-name"`
	Table  string `json:"table-name"`
	Column string `json:"column-name,omitempty"`
}

type mappingParameters struct {
	PartitionKeyType string `json:"partition-key-type"`
}

func (m *mappings) follow(t config.Table) {
	escaped := locator{Schema: literal(t.Database), Table: literal(t.Table)}
	// The escapes are documented for selection and transformation rules only. A table that no object-mapping rule
	// matches loses its key. A table that a wildcard matches as well gets the same key from its own rule.
	named := locator{Schema: t.Database, Table: t.Table}
	selected := escaped
	if len(t.Filters) > 0 {
		// "Filters only support tables with exact names": the plain name is the most exact one possible. The
		// bootstrap refuses a table whose _ also matches another one.
		selected = named
	}
	m.add("selection", t, rule{Type: "selection", Object: selected, Action: "include", Filters: filters(t.Filters)})
	m.add("object-mapping", t, rule{
		Type: "object-mapping", Object: named, Action: "map-record-to-record",
		Parameters: &mappingParameters{PartitionKeyType: "primary-key"},
	})
	for _, column := range slices.Sorted(slices.Values(t.OmitColumns)) {
		// Wildcards are documented for schemas and tables. The column's plain name makes sure that the rule matches.
		// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Transformations.html
		at := escaped
		at.Column = column
		m.add("remove-column\x00"+column, t, rule{Type: "transformation", Target: "column", Object: at, Action: "remove-column"})
	}
}

// excludeAll excludes tables that earlier rules include, in the order of DMS's own example,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html.
func (m *mappings) excludeAll(systemSchemas []string, tables []config.Table, excluded []config.ExcludedTable) {
	all := slices.Clone(excluded)
	for _, system := range systemSchemas {
		if slices.ContainsFunc(tables, func(t config.Table) bool { return table.Match(t.Database, system) }) {
			all = append(all, config.ExcludedTable{Database: system, Table: table.Any})
		}
	}
	slices.SortFunc(all, func(a, b config.ExcludedTable) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Table, b.Table))
	})
	for _, t := range slices.Compact(all) {
		at := locator{Schema: literal(t.Database), Table: literal(t.Table)}
		m.add("exclude", config.Table{Database: t.Database, Table: t.Table}, rule{Type: "selection", Object: at, Action: "exclude"})
	}
}

func (m *mappings) add(kind string, about config.Table, r rule) {
	r.ID = m.ids.next(kind, about)
	r.Name = r.ID
	m.Rules = append(m.Rules, r)
}

// literal escapes characters that DMS would read as wildcards, so that a_b does not also match axb. It leaves % as it
// is,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html.
func literal(name string) string {
	return strings.NewReplacer("_", "[_]", "[", "[[]").Replace(name)
}

// filter is a source filter. One of its conditions must hold; all filters of a rule must hold,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.Filters.html.
type filter struct {
	Type       string            `json:"filter-type"`
	Column     string            `json:"column-name"`
	Conditions []filterCondition `json:"filter-conditions"`
}

type filterCondition struct {
	Operator config.FilterOperator `json:"filter-operator"`
	Value    string                `json:"value,omitempty"`
	Start    string                `json:"start-value,omitempty"`
	End      string                `json:"end-value,omitempty"`
}

// filters groups the conditions by column, in the order of each column's first condition.
func filters(conditions []config.Filter) []filter {
	var all []filter
	for _, c := range conditions {
		i := slices.IndexFunc(all, func(f filter) bool { return f.Column == c.Column })
		if i < 0 {
			i = len(all)
			all = append(all, filter{Type: "source", Column: c.Column})
		}
		condition := filterCondition{Operator: c.Operator, Value: c.Value}
		if c.Operator.Values() == 2 {
			condition = filterCondition{Operator: c.Operator, Start: c.Value, End: c.EndValue}
		}
		all[i].Conditions = append(all[i].Conditions, condition)
	}
	return all
}

// ruleIDs holds the ids in use: DMS wants them numeric and unique.
type ruleIDs map[uint32]bool

func (ids ruleIDs) next(kind string, t config.Table) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(kind + "\x00" + t.Database + "\x00" + t.Table))
	id := h.Sum32()%(maxRuleID-1) + 1
	for ids[id] {
		id = id%(maxRuleID-1) + 1
	}
	ids[id] = true
	return strconv.FormatUint(uint64(id), 10)
}
