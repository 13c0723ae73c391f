package view

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Decode reads a resource's properties into a typed view: a struct whose fields name their property in the tag
// `prop`.
//
// A field is an Of, a struct, or a map of Of. A struct is an object; if the object is unknown, so is everything in
// it. Decode ignores properties that the view does not name. A value of an unexpected kind counts as unknown. So
// if a provider changes a type, the rule reports nothing, and never something false.
func Decode[V any](properties property.Map) V {
	var v V
	fill(reflect.ValueOf(&v).Elem(), property.New(properties), true)
	return v
}

// fillable is implemented by Of. Reflection fills the unexported fields of an Of through it.
type fillable interface {
	fill(v property.Value, given bool)
}

func fill(into reflect.Value, v property.Value, given bool) {
	if f, ok := into.Addr().Interface().(fillable); ok {
		f.fill(v, given)
		return
	}
	if into.Kind() != reflect.Struct {
		panic("view: a field must be an Of or a struct, not " + into.Type().String())
	}
	for i := range into.NumField() {
		field := into.Type().Field(i)
		name, tagged := field.Tag.Lookup("prop")
		switch {
		case !tagged && field.Anonymous:
			fill(into.Field(i), v, given)
		case !tagged:
		case !given || v.IsNull():
			fill(into.Field(i), property.Value{}, false)
		case v.IsMap():
			child, ok := v.AsMap().GetOk(name)
			fill(into.Field(i), inherit(child, v), ok && !child.IsNull())
		default: // unknown as a whole, or of an unexpected kind
			fill(into.Field(i), property.New(property.Computed), true)
		}
	}
}

// inherit makes the parts of a secret secret.
func inherit(child, parent property.Value) property.Value {
	return child.WithSecret(child.Secret() || parent.Secret())
}

func (o *Of[T]) fill(v property.Value, given bool) {
	if !given || v.IsNull() {
		*o = Of[T]{}
		return
	}
	o.secret = v.Secret()
	o.state = unknown
	if v.IsComputed() {
		return
	}
	if set(reflect.ValueOf(&o.value).Elem(), v) {
		o.state = known
	}
}

// set writes a known value and reports whether it has the expected kind. A provider's own inputs are JSON in a
// string, so true is "true" there.
func set(into reflect.Value, v property.Value) bool {
	switch into.Kind() {
	case reflect.String:
		if v.IsString() {
			into.SetString(v.AsString())
		}
		return v.IsString()
	case reflect.Bool:
		if v.IsString() {
			b, err := strconv.ParseBool(v.AsString())
			into.SetBool(b)
			return err == nil
		}
		if v.IsBool() {
			into.SetBool(v.AsBool())
		}
		return v.IsBool()
	case reflect.Float64:
		if v.IsString() {
			f, err := strconv.ParseFloat(v.AsString(), 64)
			into.SetFloat(f)
			return err == nil
		}
		if v.IsNumber() {
			into.SetFloat(v.AsNumber())
		}
		return v.IsNumber()
	case reflect.Slice:
		return setList(into, v)
	case reflect.Map:
		return setMap(into, v)
	case reflect.Struct:
		if v.IsMap() {
			fill(into, v, true)
		}
		return v.IsMap()
	default:
		return false
	}
}

func setList(into reflect.Value, v property.Value) bool {
	if !v.IsArray() {
		return false
	}
	items := v.AsArray()
	into.Set(reflect.MakeSlice(into.Type(), items.Len(), items.Len()))
	for i, item := range items.All {
		fill(into.Index(i), inherit(item, v), true)
	}
	return true
}

func setMap(into reflect.Value, v property.Value) bool {
	if !v.IsMap() {
		return false
	}
	into.Set(reflect.MakeMap(into.Type()))
	for key, item := range v.AsMap().All {
		if strings.HasPrefix(key, "__") {
			continue // the bridge's metadata
		}
		element := reflect.New(into.Type().Elem()).Elem()
		fill(element, inherit(item, v), true)
		into.SetMapIndex(reflect.ValueOf(key), element)
	}
	return true
}

// Leaves calls visit for every value of a property map that is neither a list nor an object, with its path. The
// values in a secret list or object are secret too.
func Leaves(m property.Map, visit func(path string, leaf property.Value)) {
	for key, v := range m.AllStable {
		if !strings.HasPrefix(key, "__") {
			leaves(key, v, visit)
		}
	}
}

func leaves(path string, v property.Value, visit func(string, property.Value)) {
	switch {
	case v.IsMap():
		for key, child := range v.AsMap().AllStable {
			if !strings.HasPrefix(key, "__") {
				leaves(path+"."+key, inherit(child, v), visit)
			}
		}
	case v.IsArray():
		for i, child := range v.AsArray().All {
			leaves(path+"["+strconv.Itoa(i)+"]", inherit(child, v), visit)
		}
	default:
		visit(path, v)
	}
}
