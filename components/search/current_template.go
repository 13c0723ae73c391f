package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// currentShards of the index of one table, which hold some 50 GB,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-sharding.html.
const currentShards = 1

// CurrentTemplate makes what the indices of the current state have in common, of all sources: once for a target, by the name of the current state
// of the unnamed source, as whose part earlier releases made it. The settings have their defaults.
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

// currentFields is room for a decimal, which is two fields, in each of the 4,096 columns that a MySQL table may have.
const currentFields = 10_000

// currentTemplateBody is the index template, as JSON. Whatever type a value has, no document is refused for it: what is
// not indexed is kept in the document all the same.
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

// domainIndices are mappings and settings of a domain's indices. The function adds the columns that it knows, and rules for numbers,
// when it makes an index; rules of one name would keep their place before those, so these are for other kinds.
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

// collectionIndices are those of a collection's: how many shards an index has is the service's, and no index takes a document before the
// function has opened it.
func collectionIndices() object {
	return object{
		"mappings": currentstate.Closed(),
		"settings": object{"index": object{"mapping": fieldsOfCurrent()}},
	}
}

func fieldsOfCurrent() object {
	return object{"total_fields": object{"limit": currentFields}, "ignore_malformed": true}
}

// asKeyword is the rule for a kind of values. A boolean field would refuse what is none.
func asKeyword(kind string) object {
	return object{kind + "s": object{"match_mapping_type": kind, "mapping": field("keyword")}}
}
