package replication

import (
	"cdcpipeline/config"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// maxRuleID keeps rule ids within nine digits, as DMS's console makes them.
const maxRuleID = 1_000_000_000

// tableMappings are the DMS rules that pick tables and key their records, as JSON.
//
// Each table gets a selection rule and an object-mapping rule. Without the latter DMS keys changes by schema and
// table, which sends a whole table to one shard, while it keys loaded rows by primary key,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html#CHAP_Target.Kinesis.ObjectMapping.
//
// Rules are ordered by table and their ids are made from its name: neither the order in the configuration nor another
// table that comes or goes changes a table's rules.
func tableMappings(tables []config.Table) (string, error) {
	sorted := slices.SortedFunc(slices.Values(tables), func(a, b config.Table) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Table, b.Table))
	})
	sorted = slices.Compact(sorted)

	var document struct {
		Rules []rule `json:"rules"`
	}
	ids := ruleIDs{}
	for _, table := range sorted {
		at := locator{Schema: literal(table.Database), Table: literal(table.Table)}
		// The escapes are documented for selection rules only. A table that an object-mapping rule fails to match loses its
		// key, while one that it matches as a wildcard too gets the same key by its own rule.
		named := locator{Schema: table.Database, Table: table.Table}
		include, key := ids.next("selection", table), ids.next("object-mapping", table)
		document.Rules = append(
			document.Rules,
			rule{Type: "selection", ID: include, Name: include, Object: at, Action: "include"},
			rule{
				Type: "object-mapping", ID: key, Name: key, Object: named, Action: "map-record-to-record",
				Parameters: &mappingParameters{PartitionKeyType: "primary-key"},
			},
		)
	}
	if len(document.Rules) == 0 {
		return "", fmt.Errorf("source.tables: name at least one table to replicate")
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the table mappings: %w", err)
	}
	return string(text), nil
}

type rule struct {
	Type       string             `json:"rule-type"`
	ID         string             `json:"rule-id"`
	Name       string             `json:"rule-name"`
	Object     locator            `json:"object-locator"`
	Action     string             `json:"rule-action"`
	Parameters *mappingParameters `json:"mapping-parameters,omitempty"`
}

type locator struct {
	Schema string `json:"schema-name"`
	Table  string `json:"table-name"`
}

type mappingParameters struct {
	PartitionKeyType string `json:"partition-key-type"`
}

// literal escapes DMS's wildcards, so that a_b does not also mean axb,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html.
func literal(name string) string {
	return strings.NewReplacer("_", "[_]", "%", "[%]", "[", "[[]").Replace(name)
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
