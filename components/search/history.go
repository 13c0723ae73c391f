package search

import (
	"cdcpipeline/config"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// ignoreAbove keeps what Lucene indexes of a string within its 32,766 bytes per term, at three bytes or fewer per
	// UTF-16 character; a longer string is kept in the document and not indexed,
	// https://docs.opensearch.org/latest/field-types/mapping-parameters/ignore-above/.
	ignoreAbove = 8191
	// fieldLimit of the history index, five times OpenSearch's default: it holds the columns of every table, and a
	// document that would add one field too many is refused.
	fieldLimit = 5000
	// templatePriority is above that of templates which other tools make for broad patterns.
	templatePriority = 200
)

// Column is a column of the source that is indexed by its type.
type Column struct {
	// Name of the column, in whichever table: a value that does not fit is kept in its document and not indexed.
	Name string
	// Type of the field; any other than the named ones is a keyword.
	Type ColumnType
}

// ColumnType is the type of a field in OpenSearch.
type ColumnType string

// The types worth more than a keyword: for ranges, sums and histograms.
const (
	Date   ColumnType = "date"
	Long   ColumnType = "long"
	Double ColumnType = "double"
)

// RetailTransColumns are the columns of the retail_trans table that are no strings.
func RetailTransColumns() []Column {
	return []Column{{"trans_id", Long}, {"amount", Long}, {"trans_datetime", Date}}
}

// historyPattern matches the daily indices of the delivery (retail-trans-2026-11-23) and not their alias.
func historyPattern(cfg *config.Search) string { return cfg.HistoryIndex + "-*" }

// histories makes what another history needs that is in the domain too, the one of a source with this name: the template of its daily indices
// and their retention. It gives back what must exist before the first document does.
func (a *Access) histories(source string, cfg config.Search) (pulumi.Resource, error) {
	template, _, err := a.history("-"+source, &cfg)
	return template, err
}

// history makes the template of the daily indices and their retention; of is behind the names of both.
func (a *Access) history(of string, cfg *config.Search) (template, retention pulumi.Resource, err error) {
	text, err := historyTemplate(cfg, a.columns)
	if err != nil {
		return nil, nil, err
	}
	body, err := historyRetention(cfg)
	if err != nil {
		return nil, nil, err
	}
	replaces, err := a.replaceLeftovers(a.name + "-retention" + of)
	if err != nil {
		return nil, nil, err
	}
	retention, err = opensearch.NewIsmPolicy(a.ctx, a.name+"-history"+of, &opensearch.IsmPolicyArgs{
		PolicyId: pulumi.String(cfg.HistoryIndex),
		Body:     pulumi.String(body),
	}, a.inside(replaces...)...)
	if err != nil {
		return nil, nil, fmt.Errorf("making the retention of the history index %s: %w", cfg.HistoryIndex, err)
	}
	// After the policy: whoever waits for the template waits for the retention too. An index that exists before its
	// policy never gets one, https://docs.opensearch.org/latest/im-plugin/ism/policies/#ism-templates.
	template, err = a.indexTemplateAfter([]pulumi.Resource{retention}, a.name+"-history"+of, cfg.HistoryIndex, text)
	return template, retention, err
}

// historyTemplate is the index template of the daily indices, as JSON. Its mapping refuses no value that DMS writes:
// what is not indexed is kept in the document all the same. A column's name with a dot is another matter: the bootstrap
// (internal/source/mysql) refuses it.
func historyTemplate(cfg *config.Search, columns []Column) (string, error) {
	text, err := json.MarshalIndent(object{
		"index_patterns": []string{historyPattern(cfg)},
		"priority":       templatePriority,
		"template": object{
			// One name over all days: GET retail-trans/_search.
			"aliases":  object{cfg.HistoryIndex: object{}},
			"mappings": historyMappings(columns),
			"settings": historySettings(cfg),
		},
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the template of the history index: %w", err)
	}
	return string(text), nil
}

type object map[string]any

func historyMappings(columns []Column) object {
	timestamp := field(Date)
	typed := object{}
	for _, c := range columns {
		typed[c.Name] = alsoAsKeyword(field(c.Type))
	}
	return object{
		// Neither is guessed: two tables may use one column name for different types, and the first would win.
		"date_detection":    false,
		"numeric_detection": false,
		"dynamic_templates": []object{
			unsearched(),
			{"values": object{"match_mapping_type": "*", "mapping": field("keyword")}},
		},
		"properties": object{
			"metadata": object{"properties": object{"timestamp": timestamp, "commit-timestamp": timestamp}},
			"data":     object{"properties": typed},
			// Named, so that the rule for objects inside does not switch it off.
			"before-image": object{"type": "object"},
			// A table definition has one field per column of the table; nobody searches for it.
			"control": object{"type": "object", "enabled": false},
		},
	}
}

// alsoAsKeyword lets the texts be found that another table has in a column of the name, as data.amount.keyword.
func alsoAsKeyword(f object) object {
	if f["type"] != "keyword" {
		f["fields"] = object{"keyword": field("keyword")}
	}
	return f
}

// unsearched is the rule for objects. DMS writes JSON columns as strings, so an object is something new: keep it, whatever
// is in it.
func unsearched() object {
	return object{"objects": object{"match_mapping_type": "object", "mapping": object{"type": "object", "enabled": false}}}
}

// dateFormats of DMS (ISO 8601) and of columns that are strings in the source.
const dateFormats = "strict_date_optional_time||yyyy-MM-dd HH:mm:ss||yyyy-MM-dd HH:mm:ss.SSSSSS||epoch_millis"

func field(t ColumnType) object {
	switch t {
	case Date:
		return object{"type": t, "format": dateFormats, "ignore_malformed": true}
	case Long, Double:
		return object{"type": t, "ignore_malformed": true}
	default:
		return object{"type": "keyword", "ignore_above": ignoreAbove}
	}
}

// replicas of each shard: one needs a second node; without that, the index would stay yellow. A collection has its own.
func replicas(cfg *config.Search) int { return max(0, min(cfg.InstanceCount-1, 1)) }

// lenient refuses no document. Malformed are values of another table's column of the same name, an object where text was first among them.
func lenient() object {
	return object{"total_fields": object{"limit": fieldLimit}, "ignore_malformed": true}
}

func historySettings(cfg *config.Search) object {
	return object{"index": object{
		"number_of_shards":   cfg.InstanceCount,
		"number_of_replicas": replicas(cfg),
		"mapping":            lenient(),
		// What is slower than this is logged; without thresholds the domain's slow logs stay empty.
		"search": object{"slowlog": object{"threshold": object{
			"query": object{"warn": "5s", "info": "2s"}, "fetch": object{"warn": "1s"},
		}}},
		"indexing": object{"slowlog": object{"threshold": object{"index": object{"warn": "5s", "info": "2s"}}}},
	}}
}

// historyRetention is the policy that deletes a daily index by its age, as JSON, spelled as the domain gives it back:
// with its default retry, and templates as a list. An alias cannot roll over here, because Firehose writes to dated
// names, and a read-only state would refuse what it retries late. An index keeps the policy it began with.
func historyRetention(cfg *config.Search) (string, error) {
	text, err := json.Marshal(object{"policy": object{
		"description":   fmt.Sprintf("Deletes daily indices of %s after %d days", cfg.HistoryIndex, cfg.HistoryRetentionDays),
		"default_state": "kept",
		"ism_template":  []object{{"index_patterns": []string{historyPattern(cfg)}, "priority": templatePriority}},
		"states": []object{
			{
				"name":    "kept",
				"actions": []object{},
				"transitions": []object{{
					"state_name": "deleted",
					"conditions": object{"min_index_age": fmt.Sprintf("%dd", cfg.HistoryRetentionDays)},
				}},
			},
			{
				"name": "deleted",
				"actions": []object{{
					"delete": object{},
					"retry":  object{"count": 3, "backoff": "exponential", "delay": "1m"},
				}},
				"transitions": []object{},
			},
		},
	}})
	if err != nil {
		return "", fmt.Errorf("writing the retention of the history index: %w", err)
	}
	return string(text), nil
}
