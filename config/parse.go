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

// Parse calls ParseFor for the stack whose resources have the walkthrough's names.
func Parse(values map[string]string, secretKeys []string) (Config, error) {
	return ParseFor(DefaultStack, values, secretKeys)
}

// ParseFor converts a stack's values into a complete and valid configuration. Keys have no namespace; objects are
// JSON.
//
// It refuses secrets, unknown keys, values of the wrong type and values that AWS would refuse. It returns all
// problems together. Numbers and booleans may be strings, because `pulumi config set` stores them so.
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

// readSections parses the JSON of each section. It does not read a section that contains a secret, so that no
// message can show the secret.
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

// refuseSources refuses and removes sources that are not objects or have an invalid name. Later steps do not see
// them.
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

// readObject parses a JSON object. It keeps numbers in their original spelling.
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

// decode fills a Config. It also returns the keys whose values had the right type.
func decode(p *problems, raw map[string]any) (Config, []string) {
	// mapstructure loses the Unused keys of a struct that has a value of the wrong type. A separate pass collects
	// them.
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

// written converts the decoder's keys into the user's spelling: sources[orders] becomes sources.orders.
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
		Squash:     true, // keys of an embedded struct belong to the outer struct
		Metadata:   &found,
		DecodeHook: hook,
		MatchName:  func(key, field string) bool { return key == field },
	})
	if err != nil {
		return c, found, fmt.Errorf("making the decoder: %w", err)
	}
	return c, found, decoder.Decode(raw) //nolint:wrapcheck // taken apart by refuseMistyped
}

// onlyStructure removes every value, and every object or list in a wrong place.
func onlyStructure(from, to reflect.Value) (any, error) {
	if to.Kind() == reflect.Pointer || kindOf(from) == kindOf(to) && slices.Contains([]reflect.Kind{reflect.Struct, reflect.Slice, reflect.Map}, to.Kind()) {
		return from.Interface(), nil
	}
	return nil, nil
}

// convert refuses a value of the wrong type, and parses numbers and booleans from strings.
func convert(from, to reflect.Value) (any, error) {
	if to.Kind() == reflect.Pointer || kindOf(from) == kindOf(to) {
		return from.Interface(), nil
	}
	value := from.Interface()
	text, isString := value.(string)
	digits, isNumber := value.(json.Number)
	switch to.Kind() { // all kinds that a Config contains
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

// kindOf returns the same kind for JSON objects and for structs.
func kindOf(v reflect.Value) reflect.Kind {
	switch {
	case v.Type() == reflect.TypeFor[json.Number]():
		return reflect.Float64
	case v.Kind() == reflect.Map:
		return reflect.Struct
	}
	return v.Kind()
}

// shown formats a value for a message: as JSON, shortened if it is long.
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

// refuseMistyped converts mapstructure's error into one problem for each key, and returns these keys.
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

// refuseEmpty refuses a value that the user set to empty, because a default would silently replace it.
func refuseEmpty(p *problems, given, complete Config, set []string) {
	after := fields(complete)
	for i, field := range fields(given) {
		if slices.Contains(set, field.key) && isEmpty(field.value) && !isEmpty(after[i].value) {
			p.add(field.key, "is empty or zero: give a value, or remove the key to use %s", insteadOf(field.key))
		}
	}
}

// insteadOf names the value that replaces an empty one. For a source's own stream and replication it is the value
// of the section; for other keys it is the default.
func insteadOf(key string) string {
	if section := inSource.ReplaceAllLiteralString(key, ""); section != key && strings.Count(section, ".") > 1 && !strings.Contains(section, "[") {
		return "the value of " + section[1:]
	}
	return "the default"
}

func isEmpty(v reflect.Value) bool { return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 }
