package provider

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/comments"
	"cdcpipeline/internal/component"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// describer makes a schema of Go's types and their comments.
type describer struct {
	t     *testing.T
	said  map[string]comments.Package // by the package's path
	types map[string]typeSpec
}

// describe is the schema of all forms.
func describe(t *testing.T) spec {
	d := &describer{t: t, said: map[string]comments.Package{}, types: map[string]typeSpec{}}
	s := spec{
		Name: Name, DisplayName: "CDC pipeline", License: "Apache-2.0",
		Description: "Change data capture on AWS: committed rows of Aurora, MySQL or PostgreSQL by DMS into Kinesis, OpenSearch and S3.",
		Keywords:    []string{"aws", "cdc", "category/infrastructure", "kind/component"},
		Language: map[string]any{
			"go":     map[string]any{"importBasePath": "cdcpipeline/sdks/go/cdcpipeline", "respectSchemaVersion": true},
			"nodejs": map[string]any{"respectSchemaVersion": true},
			"python": map[string]any{"respectSchemaVersion": true, "pyproject": map[string]any{"enabled": true}},
		},
		Types: d.types, Resources: map[string]resourceSpec{},
	}
	for _, f := range forms {
		r := resourceSpec{IsComponent: true, InputProperties: map[string]propertySpec{}}
		r.objectSpec = objectSpec{Type: "object", Description: inWords(f.component, d.comment(f.component, "")), Properties: map[string]propertySpec{}}
		for _, of := range f.inputs {
			r.RequiredInputs = append(r.RequiredInputs, d.properties(of, r.InputProperties)...)
		}
		for _, of := range f.giving {
			if of == reflect.TypeFor[PipelineOutputs]() {
				r.Required = append(r.Required, d.stackOutputs(of, r.Properties)...)
				continue
			}
			r.Required = append(r.Required, d.properties(of, r.Properties)...)
		}
		slices.Sort(r.RequiredInputs)
		slices.Sort(r.Required)
		s.Resources[f.kind.Token()] = r
	}
	return s
}

// stackOutputs are those of the program, which have their names in another tag. Those of named sources are by the name of the source, then by their own.
func (d *describer) stackOutputs(of reflect.Type, into map[string]propertySpec) (required []string) {
	for i := range of.NumField() {
		f := of.Field(i)
		name, optional, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		p := propertySpec{Description: "The output " + name + " of the stack program. " + inWords(of, d.comment(of, f.Name))}
		if f.Name == "Sources" {
			p.valueSpec = valueSpec{Type: "object", AdditionalProperties: &valueSpec{Ref: "pulumi.json#/Any"}}
		} else {
			p.valueSpec = d.value(f.Type)
		}
		p.Description = strings.TrimSpace(p.Description)
		into[name] = p
		if optional == "" {
			required = append(required, name)
		}
	}
	return required
}

// comment of a type, or of one of its fields.
func (d *describer) comment(of reflect.Type, field string) string {
	said, read := d.said[of.PkgPath()]
	if !read {
		var err error
		said, err = comments.Read(filepath.Join("..", strings.TrimPrefix(of.PkgPath(), "cdcpipeline/")))
		require.NoError(d.t, err)
		d.said[of.PkgPath()] = said
	}
	name, _, _ := strings.Cut(of.Name(), "[") // without what a generic one is made for
	return said.Of[strings.TrimSuffix(name+"."+field, ".")]
}

// properties are the tagged fields of a struct; it gives back which of them are required.
func (d *describer) properties(of reflect.Type, into map[string]propertySpec) (required []string) {
	for i := range of.NumField() {
		f := of.Field(i)
		name, optional, _ := strings.Cut(f.Tag.Get("pulumi"), ",")
		if embedded(f) {
			required = append(required, d.properties(f.Type, into)...)
		}
		if name == "" {
			continue
		}
		p := propertySpec{valueSpec: d.value(f.Type), Secret: f.Tag.Get("provider") == "secret"}
		if of := component.Kind(f.Tag.Get("component")); of != "" {
			p.valueSpec = handedOver(p.valueSpec, of)
		}
		if (f.Anonymous || isSection(f.Type, name)) && f.Type.Kind() == reflect.Struct {
			p.Description = "As the section " + name + " of the configuration. " + inWords(f.Type, d.comment(f.Type, ""))
		} else {
			p.Description = inWords(of, d.comment(of, f.Name))
		}
		require.NotEmptyf(d.t, p.Description, "%s.%s has no comment", of, f.Name)
		into[name] = p
		if optional == "" {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	return required
}

// isSection says of an input that it is a section of the configuration.
func isSection(of reflect.Type, name string) bool {
	for i := range reflect.TypeFor[config.Config]().NumField() {
		section := reflect.TypeFor[config.Config]().Field(i)
		if key, _, _ := strings.Cut(section.Tag.Get("pulumi"), ","); key == name && section.Type == of {
			return true
		}
	}
	return false
}

// handedOver is a component itself, or several, where Go has the URN.
func handedOver(urn valueSpec, of component.Kind) valueSpec {
	if urn.Items != nil {
		item := handedOver(*urn.Items, of)
		return valueSpec{Type: "array", Items: &item, Plain: true}
	}
	return valueSpec{Ref: componentRef + of.Token(), Plain: true}
}

// element is the type of the value that an input or an output has; nil of another type.
func element(of reflect.Type) reflect.Type {
	switch of {
	case reflect.TypeFor[pulumi.StringInput]():
		return reflect.TypeFor[string]()
	case reflect.TypeFor[pulumi.IntInput]():
		return reflect.TypeFor[int]()
	case reflect.TypeFor[pulumi.StringArrayInput](), reflect.TypeFor[pulumi.StringArray]():
		return reflect.TypeFor[[]string]()
	}
	if of.Implements(reflect.TypeFor[pulumi.Output]()) {
		return reflect.Zero(of).Interface().(pulumi.Output).ElementType()
	}
	return nil
}

// value describes a type. Plain is what has no input or output in it.
func (d *describer) value(of reflect.Type) valueSpec {
	if inner := element(of); inner != nil {
		return unplain(d.value(inner))
	}
	switch of.Kind() { //nolint:exhaustive // the kinds that there are
	case reflect.Pointer:
		return d.value(of.Elem())
	case reflect.String:
		if len(d.choices(of)) > 0 {
			return valueSpec{Ref: d.choice(of), Plain: true}
		}
		return valueSpec{Type: "string", Plain: true}
	case reflect.Int:
		return valueSpec{Type: "integer", Plain: true}
	case reflect.Bool:
		return valueSpec{Type: "boolean", Plain: true}
	case reflect.Slice:
		items := d.value(of.Elem())
		return valueSpec{Type: "array", Items: &items, Plain: items.Plain}
	case reflect.Map:
		values := d.value(of.Elem())
		return valueSpec{Type: "object", AdditionalProperties: &values, Plain: values.Plain}
	case reflect.Struct:
		ref, plain := d.object(of)
		return valueSpec{Ref: ref, Plain: plain}
	default:
		require.Equalf(d.t, reflect.TypeFor[pulumi.Archive](), of, "%s cannot be said in a schema", of)
		return valueSpec{Ref: archiveRef}
	}
}

func unplain(v valueSpec) valueSpec {
	v.Plain = false
	for _, inner := range []**valueSpec{&v.Items, &v.AdditionalProperties} {
		if *inner != nil {
			of := unplain(**inner)
			*inner = &of
		}
	}
	return v
}

// object describes a struct once, and says whether all in it is plain.
func (d *describer) object(of reflect.Type) (ref string, plain bool) {
	token := tokenOf(of)
	if _, known := d.types[token]; !known {
		properties := map[string]propertySpec{}
		required := d.properties(of, properties)
		d.types[token] = typeSpec{objectSpec: objectSpec{
			Type: "object", Description: inWords(of, d.comment(of, "")), Properties: properties, Required: required,
		}}
	}
	plain = true
	for _, p := range d.types[token].Properties {
		plain = plain && p.Plain
	}
	return typeRef + token, plain
}

func (d *describer) choices(of reflect.Type) []comments.Choice {
	if of.PkgPath() == "" {
		return nil
	}
	d.comment(of, "") // reads the package
	return d.said[of.PkgPath()].Choices[of.Name()]
}

// choice describes a type of text that has constants.
func (d *describer) choice(of reflect.Type) (ref string) {
	token := tokenOf(of)
	described := typeSpec{objectSpec: objectSpec{Type: "string", Description: inWords(of, d.comment(of, ""))}}
	for _, c := range d.choices(of) {
		described.Enum = append(described.Enum, choiceSpec{c.Value, capitalised(c.Meaning)})
	}
	d.types[token] = described
	return typeRef + token
}

// tokenOf a type has the folder of its package: cdcpipeline:lake:CatalogSource.
func tokenOf(of reflect.Type) string {
	folder := of.PkgPath()[strings.LastIndex(of.PkgPath(), "/")+1:]
	if folder == "provider" {
		folder = "index"
	}
	return Name + ":" + folder + ":" + of.Name()
}

var link = regexp.MustCompile(`\[([A-Za-z.]+)\]`)

// inWords writes Go's names in a comment as those of languages, and links as what they lead to.
func inWords(of reflect.Type, comment string) string {
	comment = link.ReplaceAllString(comment, "$1")
	if of.Kind() != reflect.Struct {
		return comment
	}
	for i := range of.NumField() {
		if name, _, _ := strings.Cut(of.Field(i).Tag.Get("pulumi"), ","); name != "" && !of.Field(i).Anonymous {
			comment = regexp.MustCompile(`(^|[^.\w])`+of.Field(i).Name+`\b`).ReplaceAllString(comment, "${1}"+name)
		}
	}
	return comment
}

// capitalised is a meaning as a sentence of its own.
func capitalised(meaning string) string {
	for i, r := range meaning {
		return string(unicode.ToUpper(r)) + meaning[i+len(string(r)):]
	}
	return meaning
}
