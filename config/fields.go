package config

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// field is a key of the configuration that takes a value.
type field struct {
	key   string // for example search.domainName; in a list source.tables[].table, in a map sources.<name>.tables
	value reflect.Value
	owner reflect.Type // the struct that contains it
	name  string       // the field's Go name
}

// fields lists all keys of the configuration with their values in c, in the order of the types. Two configurations
// with the same named sources give the same keys in the same order. If c has no named source, the list has one
// with the name <name>.
func fields(c Config) []field { return appendFields(nil, "", reflect.ValueOf(c)) }

func appendFields(all []field, path string, v reflect.Value) []field {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, value := path+f.Tag.Get("json"), v.Field(i)
		if f.Anonymous { // a NamedSource embeds its Source
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

// anyName replaces the name of a source in a key.
const anyName = "<name>"

var inSource = regexp.MustCompile(`^sources\.[^.]+`)

// general replaces the source's name in a key with anyName.
func general(key string) string { return inSource.ReplaceAllLiteralString(key, "sources."+anyName) }

// known reports whether a key takes a value or contains other keys.
func known(key string) bool {
	key = general(key)
	return key == "sources."+anyName || slices.ContainsFunc(fields(Config{}), func(f field) bool { return f.key == key })
}

// sections lists the keys that `pulumi config` stores. Each is an object, except environment.
func sections() []string {
	t := reflect.TypeFor[Config]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("json")
	}
	return names
}

// nearest returns the known key that is most similar to an unknown one.
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

// Nearest returns the known key, like search.instanceType, that is most similar to an unknown one. A different
// section counts as two wrong letters. known must not be empty.
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

// split separates the last part of a key from the rest, and removes the numbers from list indices.
func split(key string) (section, leaf string) {
	key = index.ReplaceAllString(key, "[]")
	i := strings.LastIndex(key, ".")
	return key[:max(i, 0)], key[i+1:]
}

// example returns one key of a section for use in a message.
func example(section string) string {
	for _, f := range fields(Config{}) {
		if strings.HasPrefix(f.key, section+".") {
			return strings.Replace(f.key, anyName, "orders", 1)
		}
	}
	return section
}
