package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed schema.json
var committed []byte

// spec is the part of a Pulumi package schema that this package uses, https://www.pulumi.com/docs/iac/extending-pulumi/schema/.
type spec struct {
	Name        string                  `json:"name"`
	Version     string                  `json:"version,omitempty"`
	DisplayName string                  `json:"displayName"`
	Description string                  `json:"description"`
	Keywords    []string                `json:"keywords"`
	License     string                  `json:"license"`
	Language    map[string]any          `json:"language"`
	Types       map[string]typeSpec     `json:"types"`
	Resources   map[string]resourceSpec `json:"resources"`
}

// typeSpec is an object, or text if it has choices.
type typeSpec struct {
	objectSpec
	Enum []choiceSpec `json:"enum,omitempty"`
}

type choiceSpec struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

type objectSpec struct {
	Description string                  `json:"description,omitempty"`
	Type        string                  `json:"type"`
	Properties  map[string]propertySpec `json:"properties,omitempty"`
	Required    []string                `json:"required,omitempty"`
}

// resourceSpec is a component. Its properties are its outputs.
type resourceSpec struct {
	objectSpec
	IsComponent     bool                    `json:"isComponent"`
	InputProperties map[string]propertySpec `json:"inputProperties,omitempty"`
	RequiredInputs  []string                `json:"requiredInputs,omitempty"`
}

type propertySpec struct {
	valueSpec
	Description string `json:"description,omitempty"`
	Secret      bool   `json:"secret,omitempty"`
}

// valueSpec is the type of a value. A plain value must be known before the component makes anything.
type valueSpec struct {
	Type                 string     `json:"type,omitempty"`
	Ref                  string     `json:"$ref,omitempty"`
	Items                *valueSpec `json:"items,omitempty"`
	AdditionalProperties *valueSpec `json:"additionalProperties,omitempty"`
	Plain                bool       `json:"plain,omitempty"`
}

// archiveRef is the Ref of an archive. The Refs of this package's types begin with typeRef, those of its components with componentRef.
const (
	archiveRef   = "pulumi.json#/Archive"
	typeRef      = "#/types/"
	componentRef = "#/resources/"
)

func readSchema() (spec, error) {
	var s spec
	if err := json.Unmarshal(committed, &s); err != nil {
		return s, fmt.Errorf("reading the provider's schema: %w", err)
	}
	return s, nil
}

func (s spec) text() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the provider's schema: %w", err)
	}
	return append(text, '\n'), nil
}
