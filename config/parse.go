package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
)

// Parse is ParseFor the stack whose resources have the names of the walkthrough.
func Parse(values map[string]string, secretKeys []string) (Config, error) {
	return ParseFor(DefaultStack, values, secretKeys)
}

// ParseFor turns a stack's values, keyed without namespace, objects as JSON, into a complete and valid configuration.
//
// It refuses secrets, unknown keys, values of another type and values that AWS would refuse, all of them at once.
// Numbers and booleans may be strings, as `pulumi config set` stores them.
func ParseFor(stack string, values map[string]string, secretKeys []string) (Config, error) {
	var p problems
	raw := readSections(&p, values, secretKeys)
	c, set := decode(&p, raw)
	complete := c.Named(stack).WithDefaults()
	refuseEmpty(&p, c, complete, set)
	p = append(p, complete.Validate())
	if err := p.join(); err != nil {
		return Config{}, err
	}
	return complete, nil
}

// readSections parses the JSON of each section. A section that holds a secret is not read further: its values stay unseen.
func readSections(p *problems, values map[string]string, secretKeys []string) map[string]any {
	raw := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		switch {
		case slices.Contains(secretKeys, key) || slices.Contains(secretKeys, Namespace+":"+key):
			p.add(key, "has a secret value: store the secret in Secrets Manager, set its ARN instead, and remove this value with `pulumi config rm %s:%s`", Namespace, key)
		case key == "environment":
			raw[key] = value
		case slices.Contains(sections(), key):
			section, err := readObject(value)
			if err != nil {
				p.add(key, "must be an object, not %w: set its keys one by one, such as `pulumi config set --path '%s:%s' <value>`", err, Namespace, example(key))
				continue
			}
			if key == "sources" {
				refuseSources(p, section)
			}
			raw[key] = section
		case known(key):
			p.add(key, "was set without --path: remove it with `pulumi config rm %s:%s`, then run `pulumi config set --path '%s:%s' <value>`", Namespace, key, Namespace, key)
		default:
			p.add(key, "is not a key of this project: did you mean %s?", nearest(key))
		}
	}
	return raw
}

// refuseSources takes out what is no source, or has a name that no source can have: it is not read further.
func refuseSources(p *problems, sources map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		refused := refuseName(p, name)
		if _, object := sources[name].(map[string]any); !object && !refused {
			p.add("sources."+name, "%s is not an object: write its keys below it, indented, or {} for a source with only defaults", shown(sources[name]))
			refused = true
		}
		if refused {
			delete(sources, name)
		}
	}
}

var errNotJSON = errors.New("text")

// readObject keeps numbers as they are written.
func readObject(text string) (map[string]any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		if typeError := (*json.UnmarshalTypeError)(nil); errors.As(err, &typeError) {
			return nil, fmt.Errorf("a JSON %s", typeError.Value)
		}
		return nil, errNotJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return object, nil
}

// decode fills a Config and reports the keys that were set to a value of their type.
func decode(p *problems, raw map[string]any) (Config, []string) {
	// A struct with a value of the wrong type loses its Unused keys, so they are looked for in a pass of their own.
	_, known, err := decodeWith(raw, onlyStructure)
	refuseMistyped(p, err)
	for _, key := range slices.Sorted(slices.Values(written(known.Unused))) {
		p.add(key, "is not a key of this project: did you mean %s?", nearest(key))
	}
	c, decoded, err := decodeWith(raw, convert)
	mistyped := refuseMistyped(p, err)
	return c, slices.DeleteFunc(written(decoded.Keys), func(key string) bool { return slices.Contains(mistyped, key) })
}

var entry = regexp.MustCompile(`^sources\[([^\]]*)\]`)

// written are keys as a user writes them, where the decoder has sources[orders] for sources.orders.
func written(keys []string) []string {
	all := make([]string, len(keys))
	for i, key := range keys {
		all[i] = entry.ReplaceAllString(key, "sources.$1")
	}
	return all
}

func decodeWith(raw map[string]any, hook mapstructure.DecodeHookFuncValue) (c Config, found mapstructure.Metadata, err error) {
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:     &c,
		TagName:    "json",
		Squash:     true, // the keys of an embedded struct stand among its owner's
		Metadata:   &found,
		DecodeHook: hook,
		MatchName:  func(key, field string) bool { return key == field },
	})
	if err != nil {
		return c, found, fmt.Errorf("making the decoder: %w", err)
	}
	return c, found, decoder.Decode(raw) //nolint:wrapcheck // taken apart by refuseMistyped
}

// onlyStructure leaves out every value, and every object or list that is not where one belongs.
func onlyStructure(from, to reflect.Value) (any, error) {
	if to.Kind() == reflect.Pointer || kindOf(from) == kindOf(to) && slices.Contains([]reflect.Kind{reflect.Struct, reflect.Slice, reflect.Map}, to.Kind()) {
		return from.Interface(), nil
	}
	return nil, nil
}

// convert refuses what is not of the wanted type, and reads numbers and booleans from strings.
func convert(from, to reflect.Value) (any, error) {
	if to.Kind() == reflect.Pointer || kindOf(from) == kindOf(to) {
		return from.Interface(), nil
	}
	value := from.Interface()
	text, isString := value.(string)
	digits, isNumber := value.(json.Number)
	switch to.Kind() { // the kinds a Config has
	case reflect.Int:
		written := cmp.Or(text, string(digits))
		if n, err := strconv.Atoi(written); err == nil && (isString || isNumber) && strconv.Itoa(n) == written {
			return n, nil
		}
		return nil, fmt.Errorf("%s is not a whole number: write only digits, without a unit", shown(value))
	case reflect.Bool:
		if isString && (text == "true" || text == "false") {
			return text == "true", nil
		}
		return nil, fmt.Errorf("%s is not a boolean: write true or false", shown(value))
	case reflect.String:
		switch value.(type) {
		case json.Number:
			return nil, fmt.Errorf("%s was read as a number (an unquoted 3.10 arrives as 3.1): put the value in quotes", digits)
		case bool:
			return nil, fmt.Errorf("%v was read as a boolean: put the value in quotes", value)
		}
		return nil, fmt.Errorf("%s is not text: give one value, in quotes", shown(value))
	case reflect.Slice:
		return nil, fmt.Errorf("%s is not a list: write - before each entry", shown(value))
	default:
		return nil, fmt.Errorf("%s is not an object: write its keys below it, indented", shown(value))
	}
}

// kindOf makes JSON's objects and structs one kind.
func kindOf(v reflect.Value) reflect.Kind {
	switch {
	case v.Type() == reflect.TypeFor[json.Number]():
		return reflect.Float64
	case v.Kind() == reflect.Map:
		return reflect.Struct
	}
	return v.Kind()
}

// shown is a value in a message: as JSON, cut when long.
func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "this"
	}
	if len(text) > 60 {
		return string(text[:57]) + "..."
	}
	return string(text)
}

// refuseMistyped takes mapstructure's error apart: one problem for each key. It returns these keys.
func refuseMistyped(p *problems, err error) (keys []string) {
	var joined interface{ Unwrap() []error }
	var one *mapstructure.DecodeError
	switch {
	case err == nil:
	case errors.As(err, &joined):
		for _, err := range joined.Unwrap() {
			keys = append(keys, refuseMistyped(p, err)...)
		}
	case errors.As(err, &one):
		key := written([]string{one.Name()})[0]
		p.add(key, "%w", one.Unwrap())
		keys = append(keys, key)
	default:
		p.add("configuration", "%w", err)
	}
	return keys
}

// refuseEmpty refuses a value that was set but is empty, where a default would quietly take its place.
func refuseEmpty(p *problems, given, complete Config, set []string) {
	after := fields(complete)
	for i, field := range fields(given) {
		if slices.Contains(set, field.key) && isEmpty(field.value) && !isEmpty(after[i].value) {
			p.add(field.key, "is empty or zero: give a value, or remove the key to use %s", insteadOf(field.key))
		}
	}
}

// insteadOf a value that is not set there is a default; in a source's own stream and replication what is set for all.
func insteadOf(key string) string {
	if section := inSource.ReplaceAllLiteralString(key, ""); section != key && strings.Count(section, ".") > 1 && !strings.Contains(section, "[") {
		return "the value of " + section[1:]
	}
	return "the default"
}

func isEmpty(v reflect.Value) bool { return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 }
