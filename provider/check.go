package provider

import (
	"cdcpipeline/config"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// problem describes one wrong input. Its path is the one that a user writes, such as source.tables[0].database.
type problem struct{ path, reason string }

// checkInputs checks the inputs of a request against the schema. It removes wrong inputs from the request, so that the others can be read and checked
// too.
func checkInputs(s spec, req *pulumirpc.ConstructRequest) ([]problem, error) {
	kept := plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, KeepOutputValues: true, KeepResources: true}
	given, err := plugin.UnmarshalProperties(req.GetInputs(), kept)
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetType(), err)
	}
	of := s.Resources[req.GetType()]
	c := &checker{schema: s, token: req.GetType()}
	c.known = c.paths("", of.InputProperties)
	right := c.object("", of.InputProperties, of.RequiredInputs, given)
	if req.Inputs, err = plugin.MarshalProperties(right, kept); err != nil {
		return nil, fmt.Errorf("writing the inputs of %s: %w", req.GetType(), err)
	}
	for name := range req.GetInputDependencies() {
		if of.InputProperties[name].literal() {
			delete(req.InputDependencies, name)
		}
	}
	return c.problems, nil
}

// checker collects the problems of one component's inputs.
type checker struct {
	schema   spec
	token    string
	known    []string
	problems []problem
}

func (c *checker) add(path, format string, args ...any) {
	c.problems = append(c.problems, problem{path, fmt.Sprintf(format, args...)})
}

// anyName stands for a name in a path that the user chooses.
const anyName = "<name>"

// paths returns the paths of all inputs as a user writes them. The path of a list's entry ends in [].
func (c *checker) paths(at string, properties map[string]propertySpec) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		path, of := at+name, properties[name].valueSpec
		all = append(all, path)
		switch {
		case of.Items != nil:
			path, of = path+"[]", *of.Items
		case of.AdditionalProperties != nil:
			path, of = path+"."+anyName, *of.AdditionalProperties
		}
		all = append(all, c.paths(path+".", c.schema.Types[strings.TrimPrefix(of.Ref, typeRef)].Properties)...)
	}
	return all
}

// object returns the correct properties of an object.
func (c *checker) object(at string, properties map[string]propertySpec, required []string, given resource.PropertyMap) resource.PropertyMap {
	right := resource.PropertyMap{}
	for _, key := range given.StableKeys() {
		path := at + string(key)
		of, ok := properties[string(key)]
		if !ok {
			c.add(path, "is no input of %s: did you mean %s?", c.token, c.nearest(path))
			continue
		}
		if value, ok := c.value(path, of.valueSpec, given[key]); ok {
			right[key] = value
		}
	}
	for _, name := range required {
		if value, set := given[resource.PropertyKey(name)]; !set || value.IsNull() {
			c.add(at+name, "is missing: %s", properties[name].Description)
		}
	}
	return right
}

// nearest returns the known path that is most similar to an unknown one, with the user's own names in it.
func (c *checker) nearest(unknown string) string {
	parts := strings.Split(unknown, ".")
	known := make([]string, len(c.known))
	for i, path := range c.known {
		own := strings.Split(path, ".")
		for j := range min(len(own), len(parts)) {
			if own[j] == anyName {
				own[j] = parts[j]
			}
		}
		known[i] = strings.Join(own, ".")
	}
	return config.Nearest(unknown, known)
}

// literal reports whether a value must be known before the component makes anything. A list or an object with literal parts must be known too, though
// its other parts may be outputs.
func (v valueSpec) literal() bool {
	return v.Plain || strings.HasPrefix(v.Ref, typeRef) || v.Items != nil && v.Items.literal()
}

// value returns a value in a readable form, and whether it is correct.
func (c *checker) value(path string, of valueSpec, v resource.PropertyValue) (resource.PropertyValue, bool) {
	if of.literal() {
		var ok bool
		if v, ok = c.literal(path, v); !ok {
			return v, false
		}
	}
	switch content, known := contentOf(v); {
	case !known, content.IsNull():
		return v, true
	case of.Ref != "":
		return c.referred(path, of.Ref, v)
	case of.Items != nil && content.IsArray():
		return c.list(path, *of.Items, v)
	case of.AdditionalProperties != nil && content.IsObject():
		return c.named(path, *of.AdditionalProperties, v)
	default:
		wrong := mistyped(of, content)
		if wrong != "" {
			c.add(path, "%s", wrong)
		}
		return v, wrong == ""
	}
}

// contentOf returns the value of an output or a secret, and whether it is known.
func contentOf(v resource.PropertyValue) (resource.PropertyValue, bool) {
	switch {
	case v.IsSecret():
		return contentOf(v.SecretValue().Element)
	case v.IsOutput():
		content, known := contentOf(v.OutputValue().Element)
		return content, known && v.OutputValue().Known
	}
	return v, !v.IsComputed()
}

// literal returns the value of an output that is known already.
func (c *checker) literal(path string, v resource.PropertyValue) (resource.PropertyValue, bool) {
	content, known := contentOf(v)
	switch {
	case v.IsSecret() || v.IsOutput() && v.OutputValue().Secret:
		c.add(path, "is a secret, which would stand in the stack for everybody to read: secrets belong in Secrets Manager, whose ARNs are taken here")
		return v, false
	case !known:
		c.add(path, "is an output that is not known yet, and it says what is to be made: write the value itself")
		return v, false
	}
	return content, true
}

// referred checks a component, an archive, an object or a choice.
func (c *checker) referred(path, ref string, v resource.PropertyValue) (resource.PropertyValue, bool) {
	of := c.schema.Types[strings.TrimPrefix(ref, typeRef)]
	switch {
	case strings.HasPrefix(ref, componentRef):
		return c.component(path, strings.TrimPrefix(ref, componentRef), v)
	case ref == archiveRef:
		if content, _ := contentOf(v); !content.IsArchive() {
			c.add(path, "is not an archive: give the file as one, of type archive")
			return v, false
		}
		return v, true
	case len(of.Enum) > 0:
		words := make([]string, len(of.Enum))
		for i, choice := range of.Enum {
			words[i] = choice.Value
		}
		if !v.IsString() || !slices.Contains(words, v.StringValue()) {
			c.add(path, "%s is not allowed here: use one of %s", shown(v), strings.Join(words, ", "))
			return v, false
		}
		return v, true
	case !v.IsObject():
		c.add(path, "%s is not an object: write its properties below it", shown(v))
		return v, false
	}
	return resource.NewProperty(c.object(path+".", of.Properties, of.Required, v.ObjectValue())), true
}

// component returns the URN of a component that was given itself. Go's components find it by its URN.
func (c *checker) component(path, token string, v resource.PropertyValue) (resource.PropertyValue, bool) {
	if v.IsResourceReference() && string(v.ResourceReferenceValue().URN.Type()) == token {
		return resource.NewProperty(string(v.ResourceReferenceValue().URN)), true
	}
	c.add(path, "is no %s: give the component itself, and not one of its outputs", token)
	return v, false
}

func (c *checker) list(path string, of valueSpec, v resource.PropertyValue) (resource.PropertyValue, bool) {
	if !v.IsArray() { // an output, whose entries nobody needs yet
		return v, true
	}
	right := []resource.PropertyValue{}
	for i, entry := range v.ArrayValue() {
		if value, ok := c.value(fmt.Sprintf("%s[%d]", path, i), of, entry); ok {
			right = append(right, value)
		}
	}
	return resource.NewProperty(right), true
}

func (c *checker) named(path string, of valueSpec, v resource.PropertyValue) (resource.PropertyValue, bool) {
	if !v.IsObject() {
		return v, true
	}
	right := resource.PropertyMap{}
	for _, key := range v.ObjectValue().StableKeys() {
		if value, ok := c.value(path+"."+string(key), of, v.ObjectValue()[key]); ok {
			right[key] = value
		}
	}
	return resource.NewProperty(right), true
}

// mistyped says what a value should be. It is empty if the value has the right type.
func mistyped(of valueSpec, v resource.PropertyValue) string {
	switch {
	case of.Items != nil:
		return shown(v) + " is not a list: write it as one, also with one entry"
	case of.AdditionalProperties != nil:
		return shown(v) + " is not an object: write its properties below it"
	case of.Type == "integer" && (!v.IsNumber() || v.NumberValue() != math.Trunc(v.NumberValue())):
		return shown(v) + " is not a whole number: write digits, without quotes and unit"
	case of.Type == "boolean" && !v.IsBool():
		return shown(v) + " is not a boolean: write true or false"
	case of.Type == "string" && !v.IsString():
		return shown(v) + " is not text: put the value in quotes"
	}
	return ""
}

// shown returns a value as messages show it.
func shown(v resource.PropertyValue) string {
	switch {
	case v.IsString():
		return fmt.Sprintf("%q", v.StringValue())
	case v.IsNumber() || v.IsBool():
		return fmt.Sprint(v.V)
	case v.IsArray():
		return "a list"
	case v.IsObject():
		return "an object"
	}
	return "this"
}
