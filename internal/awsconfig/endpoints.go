package awsconfig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
)

// endpoints maps services to addresses, by the SDK's id of the service in lower case without spaces. A new SDK client
// asks it for its endpoint.
type endpoints map[string]string

// GetServiceBaseEndpoint is called by the SDK's clients, with ids such as "Secrets Manager".
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	endpoint, ok := e[strings.ToLower(strings.ReplaceAll(sdkID, " ", ""))]
	return endpoint, ok, nil
}

// otherNames are the provider's names of services that differ from the SDK's ids,
// https://github.com/hashicorp/terraform-provider-aws/blob/main/names/data/names_data.hcl.
var otherNames = map[string]string{
	"cloudwatchevents": "eventbridge", "events": "eventbridge",
	"cloudwatchlog": "cloudwatchlogs", "logs": "cloudwatchlogs",
	"databasemigration": "databasemigrationservice", "dms": "databasemigrationservice",
	"es": "elasticsearchservice", "elasticsearch": "elasticsearchservice",
	"opensearchservice": "opensearch",
}

// endpoints parses `aws:endpoints`: a list of objects, as Pulumi writes them, or one object, with service and
// address.
func (s Settings) endpoints() (endpoints, error) {
	if s["endpoints"] == "" {
		return nil, nil
	}
	var list []map[string]string
	if err := unmarshalList(s["endpoints"], &list); err != nil {
		return nil, fmt.Errorf("aws:endpoints: is not a list of services and their addresses: %w", err)
	}
	all := endpoints{}
	var problems []error
	for _, one := range list {
		for _, service := range slices.Sorted(maps.Keys(one)) {
			address := one[service]
			if address == "" { // not set
				continue
			}
			if err := checkAddress(address); err != nil {
				problems = append(problems, fmt.Errorf("aws:endpoints: %s: %w", service, err))
				continue
			}
			id := strings.ToLower(service)
			if other, ok := otherNames[id]; ok {
				id = other
			}
			all[id] = address
		}
	}
	return all, errors.Join(problems...)
}

// checkAddress also refuses an address that the SDK would ignore: with AWS_ENDPOINT_URL in the environment, its
// clients do not ask for their own endpoints.
func checkAddress(address string) error {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is not an address: write it like https://host:port", address)
	}
	if everywhere, set := os.LookupEnv("AWS_ENDPOINT_URL"); set && strings.TrimSuffix(everywhere, "/") != strings.TrimSuffix(address, "/") {
		return fmt.Errorf("is %s, but AWS_ENDPOINT_URL is %q, which the AWS SDK would use instead: unset one of them", address, everywhere)
	}
	return nil
}

// unmarshalList decodes a list, or a single object as a list of one.
func unmarshalList[T any](text string, list *[]T) error {
	raw := bytes.TrimSpace([]byte(text))
	if len(raw) > 0 && raw[0] == '{' {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	if err := json.Unmarshal(raw, list); err != nil {
		return fmt.Errorf("reading its JSON: %w", err)
	}
	return nil
}
