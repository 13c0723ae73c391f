package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// currentShards is the number of shards of one table's index. A shard holds some 50 GB,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-sharding.html.
const currentShards = 1

// CurrentTemplate makes the shared template of all sources' current indices, once per target. The template has the
// name of the unnamed source's current state, because earlier releases made it as a part of that. The settings must
// have their defaults.
func CurrentTemplate(name string, in Target, cfg config.Search) (pulumi.Resource, error) {
	body, err := currentTemplateBody(&cfg, opensearch.Service(in.backend().service()))
	if err != nil {
		return nil, err
	}
	template, err := in.Grant.Template(name, "current", body)
	if err != nil {
		return nil, fmt.Errorf("making the template of the current-state indices: %w", err)
	}
	return template, nil
}

// currentFields has room for the two fields of a decimal in each of the 4,096 columns that a MySQL table may have.
const currentFields = 10_000

// currentTemplateBody is the index template, as JSON. No document is refused for a value's type: a value that cannot
// be indexed stays in the document.
func currentTemplateBody(cfg *config.Search, service opensearch.Service) (string, error) {
	template := domainIndices(cfg)
	if service == opensearch.Serverless {
		template = collectionIndices()
	}
	text, err := json.MarshalIndent(object{
		"index_patterns": []string{CurrentIndices}, "priority": templatePriority, "template": template,
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the template of the current-state indices: %w", err)
	}
	return string(text), nil
}

// domainIndices are mappings and settings of a domain's indices. When the function creates an index, it adds the
// known columns and rules for numbers. A rule with the same name would keep its place before those, so the rules here
// are for other kinds.
func domainIndices(cfg *config.Search) object {
	return object{
		"mappings": object{
			"date_detection":    false,
			"numeric_detection": false,
			"dynamic_templates": []object{unsearched(), asKeyword("string"), asKeyword("boolean")},
		},
		"settings": object{"index": object{
			"number_of_shards":   currentShards,
			"number_of_replicas": replicas(cfg),
			"mapping":            fieldsOfCurrent(),
		}},
	}
}

// collectionIndices are the mappings and settings of a collection's indices. The service chooses the number of
// shards. An index accepts no document before the function has opened it.
func collectionIndices() object {
	return object{
		"mappings": currentstate.Closed(),
		"settings": object{"index": object{"mapping": fieldsOfCurrent()}},
	}
}

func fieldsOfCurrent() object {
	return object{"total_fields": object{"limit": currentFields}, "ignore_malformed": true}
}

// asKeyword is the rule for a kind of values. A boolean field would refuse other values.
func asKeyword(kind string) object {
	return object{kind + "s": object{"match_mapping_type": kind, "mapping": field("keyword")}}
}
