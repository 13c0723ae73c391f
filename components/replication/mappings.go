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

// maxRuleID keeps rule ids within nine digits, as DMS's console makes them.
const maxRuleID = 1_000_000_000

// tableMappings are the DMS rules that pick tables, key their records and leave columns out, as JSON.
//
// Each table, or pattern of tables, gets a selection rule and an object-mapping rule. Without the latter DMS keys
// changes by schema and table, which sends a whole table to one shard, while it keys loaded rows by primary key,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html#CHAP_Target.Kinesis.ObjectMapping.
//
// Rules are ordered by table and their ids are made from what they are about: neither the order in the configuration nor
// another table that comes or goes changes a table's rules.
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
	// The escapes are documented for selection and transformation rules only. A table that an object-mapping rule fails to
	// match loses its key, while one that it matches as a wildcard too gets the same key by its own rule.
	named := locator{Schema: t.Database, Table: t.Table}
	selected := escaped
	if len(t.Filters) > 0 {
		// "Filters only support tables with exact names": the plain name is the most exact there is. The bootstrap refuses
		// a table whose _ also matches another one.
		selected = named
	}
	m.add("selection", t, rule{Type: "selection", Object: selected, Action: "include", Filters: filters(t.Filters)})
	m.add("object-mapping", t, rule{
		Type: "object-mapping", Object: named, Action: "map-record-to-record",
		Parameters: &mappingParameters{PartitionKeyType: "primary-key"},
	})
	for _, column := range slices.Sorted(slices.Values(t.OmitColumns)) {
		// Wildcards are documented for schemas and tables; a column is named plainly, so that the rule cannot miss it.
		// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Transformations.html
		at := escaped
		at.Column = column
		m.add("remove-column\x00"+column, t, rule{Type: "transformation", Target: "column", Object: at, Action: "remove-column"})
	}
}

// excludeAll takes tables out of what the rules before it include, in the order that DMS's own example has,
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

// literal escapes the wildcard that names hold by accident, so that a_b does not also mean axb, and leaves % as it is,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html.
func literal(name string) string {
	return strings.NewReplacer("_", "[_]", "[", "[[]").Replace(name)
}

// filter is a source filter: its conditions are alternatives, all filters of a rule must hold,
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

// filters gathers the conditions of each column, columns in the order of their first.
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

// ruleIDs holds the ids that were given out: DMS wants them numeric and unique.
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
