// Package schema stores the inputs of the rehearsal's AWS plugin, to compare them with the program's.
//
// The plugin is older than the SDK, and a plugin silently drops an unknown input: such an input would look deployed
// but do nothing.
package schema

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

//go:embed aws.json
var aws []byte

// Inputs are a plugin's resources with their inputs, and the object types in those inputs.
type Inputs struct {
	Resources map[string]map[string]Property `json:"resources"`
	Functions []string                       `json:"functions"`
	Types     map[string]map[string]Property `json:"types"`
}

// Property is one input: an object type by its token, a list or map of such, or a plain value.
type Property struct {
	Ref   string    `json:"$ref,omitempty"`
	Items *Property `json:"items,omitempty"`
}

// AWS returns the inputs of the rehearsal's AWS plugin.
func AWS() (*Inputs, error) {
	var in Inputs
	if err := json.Unmarshal(aws, &in); err != nil {
		return nil, fmt.Errorf("reading the inputs of the AWS plugin: %w", err)
	}
	return &in, nil
}

// Committed is the file that AWS reads, for a comparison with a plugin.
func Committed() []byte { return aws }

// Reduce keeps the parts of a plugin's schema that this package needs, in a stable form.
func Reduce(raw []byte) ([]byte, error) {
	var whole struct {
		Resources map[string]struct {
			InputProperties map[string]Property `json:"inputProperties"`
		} `json:"resources"`
		Functions map[string]json.RawMessage `json:"functions"`
		Types     map[string]struct {
			Properties map[string]Property `json:"properties"`
		} `json:"types"`
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, fmt.Errorf("reading the plugin's schema: %w", err)
	}
	in := Inputs{Resources: map[string]map[string]Property{}, Types: map[string]map[string]Property{}}
	for token, r := range whole.Resources {
		in.Resources[token] = r.InputProperties
	}
	for token, t := range whole.Types {
		in.Types["#/types/"+token] = t.Properties
	}
	for token := range whole.Functions {
		in.Functions = append(in.Functions, token)
	}
	sort.Strings(in.Functions)
	text, err := json.MarshalIndent(in, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing the plugin's inputs: %w", err)
	}
	return append(text, '\n'), nil
}

// Unknown lists the given inputs of a resource that the plugin would drop, as paths; an unknown resource is listed as
// a whole.
func (in *Inputs) Unknown(token string, inputs map[string]any) []string {
	properties, ok := in.Resources[token]
	if !ok {
		return []string{token}
	}
	var unknown []string
	in.walk(token, properties, inputs, &unknown)
	sort.Strings(unknown)
	return unknown
}

func (in *Inputs) walk(path string, properties map[string]Property, given map[string]any, unknown *[]string) {
	for name, value := range given {
		if strings.HasPrefix(name, "__") {
			continue
		}
		property, ok := properties[name]
		if !ok {
			*unknown = append(*unknown, path+"."+name)
			continue
		}
		in.value(path+"."+name, property, value, unknown)
	}
}

func (in *Inputs) value(path string, property Property, value any, unknown *[]string) {
	switch v := value.(type) {
	case []any:
		if property.Items != nil {
			for _, item := range v {
				in.value(path+"[]", *property.Items, item, unknown)
			}
		}
	case map[string]any:
		if properties, ok := in.Types[property.Ref]; ok {
			in.walk(path, properties, v, unknown)
		}
	}
}
