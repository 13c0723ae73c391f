// Package capture writes the stack that a policy pack sees to a file, so that rules can be tried on real stacks
// later.
//
// It writes no secrets: a mark replaces each secret, each file, and each value that a preview does not know.
package capture

import (
	"cdcpipeline/policy/view"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Resource is a resource as the pack saw it.
type Resource struct {
	URN  string `json:"urn"`
	Type string `json:"type"`
	Name string `json:"name"`
	// Inputs are the inputs before the resource was made. Outputs are the outputs when the pack saw the whole
	// stack.
	Inputs               map[string]any      `json:"inputs"`
	Outputs              map[string]any      `json:"outputs"`
	Protect              bool                `json:"protect,omitempty"`
	IgnoreChanges        []string            `json:"ignoreChanges,omitempty"`
	Parent               string              `json:"parent,omitempty"`
	Provider             *Provider           `json:"provider,omitempty"`
	Dependencies         []string            `json:"dependencies,omitempty"`
	PropertyDependencies map[string][]string `json:"propertyDependencies,omitempty"`
}

// Provider is the provider that manages a resource.
type Provider struct {
	URN        string         `json:"urn"`
	Type       string         `json:"type"`
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties"`
}

// Stack is a captured stack.
type Stack []Resource

// These marks replace values that are not written. An object whose only key is a mark stands for such a value.
const (
	secretMark  = "$secret"  // its value says what is inside: "known" or "unknown"
	unknownMark = "$unknown" // value: true
	fileMark    = "$file"    // value: true; an asset or an archive
)

// placeholder replaces each secret when a capture is read.
const placeholder = "[secret]"

// maxText is the longest text in bytes. Longer texts (certificates, compiled templates) are cut for readability.
const maxText = 8 << 10

// Read reads a captured stack from a file.
func Read(file string) (Stack, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the capture: %w", err)
	}
	var s Stack
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("reading the capture %s: %w", file, err)
	}
	return s, nil
}

// Write writes the resources sorted by URN, so that equal stacks give equal files.
func (s Stack) Write(file string) error {
	sorted := slices.SortedFunc(slices.Values(s), func(a, b Resource) int { return strings.Compare(a.URN, b.URN) })
	text, err := json.MarshalIndent(sorted, "", " ")
	if err != nil {
		return fmt.Errorf("writing the capture: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the capture: %w", err)
	}
	return nil
}

// Mark renders properties as JSON with marks.
func Mark(m property.Map) map[string]any {
	marked := make(map[string]any, m.Len())
	for key, v := range m.All {
		if !strings.HasPrefix(key, "__") {
			marked[key] = mark(v)
		}
	}
	return marked
}

func mark(v property.Value) any {
	switch {
	case v.Secret() && v.HasComputed():
		return map[string]any{secretMark: "unknown"}
	case v.Secret():
		return map[string]any{secretMark: "known"}
	case v.IsComputed():
		return map[string]any{unknownMark: true}
	case v.IsAsset(), v.IsArchive():
		return map[string]any{fileMark: true}
	case v.IsMap():
		return Mark(v.AsMap())
	case v.IsArray():
		list := make([]any, 0, v.AsArray().Len())
		for _, item := range v.AsArray().All {
			list = append(list, mark(item))
		}
		return list
	case v.IsString():
		if text := v.AsString(); len(text) > maxText {
			return text[:maxText] + "..."
		}
		return v.AsString()
	case v.IsBool():
		return v.AsBool()
	case v.IsNumber():
		return v.AsNumber()
	case v.IsResourceReference():
		return string(v.AsResourceReference().URN)
	}
	return nil
}

// Unmark is the inverse of Mark, except for values that were not written.
func Unmark(marked map[string]any) property.Map {
	m := make(map[string]property.Value, len(marked))
	for key, v := range marked {
		m[key] = unmark(v)
	}
	return property.NewMap(m)
}

func unmark(v any) property.Value {
	switch v := v.(type) {
	case map[string]any:
		switch {
		case len(v) == 1 && v[secretMark] == "unknown":
			return property.New(property.Computed).WithSecret(true)
		case len(v) == 1 && v[secretMark] == "known":
			return property.New(placeholder).WithSecret(true)
		case len(v) == 1 && v[secretMark] != nil: // only tests write this
			text, _ := v[secretMark].(string)
			return property.New(text).WithSecret(true)
		case len(v) == 1 && v[unknownMark] == true:
			return property.New(property.Computed)
		case len(v) == 1 && v[fileMark] == true:
			return property.Value{}
		}
		return property.New(Unmark(v))
	case []any:
		list := make([]property.Value, len(v))
		for i, item := range v {
			list[i] = unmark(item)
		}
		return property.New(list)
	case string:
		return property.New(v)
	case bool:
		return property.New(v)
	case float64:
		return property.New(v)
	}
	return property.Value{}
}

// View returns the resource with its inputs, for rules on single resources.
func (r Resource) View() view.Resource { return r.with(r.Inputs) }

// Views returns the stack with its outputs, for rules on whole stacks.
func (s Stack) Views() view.Stack {
	resources := make([]view.Resource, len(s))
	for i, r := range s {
		resources[i] = r.with(r.Outputs)
	}
	return view.NewStack(resources)
}

func (r Resource) with(properties map[string]any) view.Resource {
	v := view.Resource{
		URN: r.URN, Type: r.Type, Name: r.Name, Properties: Unmark(properties), Protect: r.Protect, IgnoreChanges: r.IgnoreChanges,
		Parent: r.Parent, Dependencies: r.Dependencies, PropertyDependencies: r.PropertyDependencies,
	}
	if r.Provider != nil {
		v.Provider = view.Provider{URN: r.Provider.URN, Type: r.Provider.Type, Name: r.Provider.Name, Properties: Unmark(r.Provider.Properties)}
	}
	return v
}
