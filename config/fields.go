package config

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// field is one key that takes a value.
type field struct {
	key   string // as in search.domainName; an entry of a list is written source.tables[].table, one of a map sources.<name>.tables
	value reflect.Value
	owner reflect.Type // the struct it belongs to
	name  string       // its Go name
}

// fields are all keys of the configuration with their values in c, in the order of the types; the order and number are
// the same for every c with the same named sources. Without any, the keys of one are there as sources.<name>.
func fields(c Config) []field { return appendFields(nil, "", reflect.ValueOf(c)) }

func appendFields(all []field, path string, v reflect.Value) []field {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, value := path+f.Tag.Get("json"), v.Field(i)
		if f.Anonymous { // a source below its name, which is enabled by that
			embedded := appendFields(nil, path, value)
			all = append(all, slices.DeleteFunc(embedded, func(f field) bool { return f.key == path+"enabled" })...)
			continue
		}
		all = append(all, field{key: key, value: value, owner: v.Type(), name: f.Name})
		switch element := f.Type; {
		case element.Kind() == reflect.Struct:
			all = appendFields(all[:len(all)-1], key+".", value)
		case element.Kind() == reflect.Pointer && element.Elem().Kind() == reflect.Struct:
			if value.IsNil() {
				value = reflect.New(element.Elem())
			}
			all = appendFields(all, key+".", value.Elem())
		case element.Kind() == reflect.Slice && element.Elem().Kind() == reflect.Struct:
			all = appendFields(all, key+"[].", reflect.Zero(element.Elem()))
		case element.Kind() == reflect.Map && element.Elem().Kind() == reflect.Struct:
			all = all[:len(all)-1]
			if value.Len() == 0 {
				all = appendFields(all, key+"."+anyName+".", reflect.Zero(element.Elem()))
			}
			for _, name := range slices.SortedFunc(slices.Values(value.MapKeys()), func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) }) {
				all = appendFields(all, key+"."+name.String()+".", value.MapIndex(name))
			}
		}
	}
	return all
}

// anyName stands for the name of a source in a key.
const anyName = "<name>"

var inSource = regexp.MustCompile(`^sources\.[^.]+`)

// general is a key with anyName in the place of a source's name.
func general(key string) string { return inSource.ReplaceAllLiteralString(key, "sources."+anyName) }

// known reports whether a key takes a value, or has keys below it.
func known(key string) bool {
	key = general(key)
	return key == "sources."+anyName || slices.ContainsFunc(fields(Config{}), func(f field) bool { return f.key == key })
}

// sections are the keys that `pulumi config` stores: one object each, but for the environment.
func sections() []string {
	t := reflect.TypeFor[Config]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("json")
	}
	return names
}

// nearest is the known key most like an unknown one.
func nearest(unknown string) string {
	known := sections()
	for _, f := range fields(Config{}) {
		known = append(known, f.key)
	}
	found := Nearest(general(unknown), known)
	if own := inSource.FindString(unknown); own != "" {
		return strings.Replace(found, "sources."+anyName, own, 1)
	}
	return found
}

// Nearest is the one of known keys, search.instanceType, that is most like an unknown one; being in another section counts as two letters.
// There must be a known key.
func Nearest(unknown string, known []string) string {
	section, leaf := split(unknown)
	return slices.MinFunc(known, func(a, b string) int {
		return cmp.Compare(distance(section, leaf, a), distance(section, leaf, b))
	})
}

func distance(section, leaf, key string) int {
	keySection, keyLeaf := split(key)
	d := levenshtein.Distance(strings.ToLower(leaf), strings.ToLower(keyLeaf), nil)
	if section != keySection {
		d += 2
	}
	return d
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

// split cuts the last part off a key, and numbers out of its indices.
func split(key string) (section, leaf string) {
	key = index.ReplaceAllString(key, "[]")
	i := strings.LastIndex(key, ".")
	return key[:max(i, 0)], key[i+1:]
}

// example is a key of a section to show in a message.
func example(section string) string {
	for _, f := range fields(Config{}) {
		if strings.HasPrefix(f.key, section+".") {
			return strings.Replace(f.key, anyName, "orders", 1)
		}
	}
	return section
}
