package search

import (
	"cdcpipeline/config"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// ignoreAbove keeps indexed strings within Lucene's 32,766 bytes per term, at up to three bytes per UTF-16
	// character. A longer string stays in the document but is not indexed,
	// https://docs.opensearch.org/latest/field-types/mapping-parameters/ignore-above/.
	ignoreAbove = 8191
	// fieldLimit of the history index is five times OpenSearch's default, because the index holds the columns of
	// every table. It refuses a document that would add one field too many.
	fieldLimit = 5000
	// templatePriority is higher than that of templates that other tools make for broad patterns.
	templatePriority = 200
)

// Column is a column of the source that the history index indexes by type.
type Column struct {
	// Name of the column, in any table. A value that does not fit the type stays in its document but is not indexed.
	Name string `pulumi:"name"`
	// Type of the field in the index.
	Type ColumnType `pulumi:"type"`
}

// ColumnType is the type of a field in OpenSearch.
type ColumnType string

// The types for which a keyword is not enough: they support ranges, sums and histograms.
const (
	Date   ColumnType = "date"
	Long   ColumnType = "long"
	Double ColumnType = "double"
)

// RetailTransColumns are the columns of the retail_trans table that are not strings.
func RetailTransColumns() []Column {
	return []Column{{"trans_id", Long}, {"amount", Long}, {"trans_datetime", Date}}
}

// historyPattern matches the delivery's daily indices (retail-trans-2026-11-23) but not their alias.
func historyPattern(cfg *config.Search) string { return cfg.HistoryIndex + "-*" }

// histories makes the history of a named source in the domain: the template of its daily indices and their retention.
// It returns what must exist before the first document.
func (a *Access) histories(source string, cfg config.Search) (pulumi.Resource, error) {
	template, _, err := a.history("-"+source, &cfg)
	return template, err
}

// history makes the template of the daily indices and their retention; of is the suffix of both names.
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
	// After the policy, so that a resource that waits for the template waits for the retention too. An index older
	// than its policy never gets one, https://docs.opensearch.org/latest/im-plugin/ism/policies/#ism-templates.
	template, err = a.indexTemplateAfter([]pulumi.Resource{retention}, a.name+"-history"+of, cfg.HistoryIndex, text)
	return template, retention, err
}

// historyTemplate is the template of the daily indices, as JSON. Its mapping refuses no value that DMS writes: a
// value that cannot be indexed stays in the document. It would fail for a column name with a dot, which the bootstrap
// (internal/source/mysql) refuses.
func historyTemplate(cfg *config.Search, columns []Column) (string, error) {
	text, err := json.MarshalIndent(object{
		"index_patterns": []string{historyPattern(cfg)},
		"priority":       templatePriority,
		"template": object{
			// One name for all days: GET retail-trans/_search.
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
		// Do not detect dates or numbers. Two tables may use one column name for different types, and the first would
		// win.
		"date_detection":    false,
		"numeric_detection": false,
		"dynamic_templates": []object{
			unsearched(),
			{"values": object{"match_mapping_type": "*", "mapping": field("keyword")}},
		},
		"properties": object{
			"metadata": object{"properties": object{"timestamp": timestamp, "commit-timestamp": timestamp}},
			"data":     object{"properties": typed},
			// Named, so that the rule for inner objects does not disable it.
			"before-image": object{"type": "object"},
			// A table definition has one field per column of the table, and nobody searches for it.
			"control": object{"type": "object", "enabled": false},
		},
	}
}

// alsoAsKeyword also indexes the texts that another table has in a column of the same name, as data.amount.keyword.
func alsoAsKeyword(f object) object {
	if f["type"] != "keyword" {
		f["fields"] = object{"keyword": field("keyword")}
	}
	return f
}

// unsearched is the rule for objects: keep them unindexed. DMS writes JSON columns as strings, so an object would be
// something new.
func unsearched() object {
	return object{"objects": object{"match_mapping_type": "object", "mapping": object{"type": "object", "enabled": false}}}
}

// dateFormats are those of DMS (ISO 8601) and of columns that are strings in the source.
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

// replicas of each shard. A replica needs a second node; without one the index would stay yellow. A collection
// manages its own.
func replicas(cfg *config.Search) int { return max(0, min(cfg.InstanceCount-1, 1)) }

// lenient accepts malformed values, so that no document is refused. They come from a column of the same name in
// another table, and include an object where text came first.
func lenient() object {
	return object{"total_fields": object{"limit": fieldLimit}, "ignore_malformed": true}
}

func historySettings(cfg *config.Search) object {
	return object{"index": object{
		"number_of_shards":   cfg.InstanceCount,
		"number_of_replicas": replicas(cfg),
		"mapping":            lenient(),
		// Slower requests are logged. Without thresholds the domain's slow logs stay empty.
		"search": object{"slowlog": object{"threshold": object{
			"query": object{"warn": "5s", "info": "2s"}, "fetch": object{"warn": "1s"},
		}}},
		"indexing": object{"slowlog": object{"threshold": object{"index": object{"warn": "5s", "info": "2s"}}}},
	}}
}

// historyRetention is the policy, as JSON, that deletes a daily index at a certain age. It is spelled as the domain
// returns it: with its default retry, and templates as a list. An alias cannot roll over here, because Firehose
// writes to dated names. A read-only state would refuse late retries. An index keeps the policy that it started with.
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
