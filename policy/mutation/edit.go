package mutation

import (
	"cdcpipeline/policy/capture"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Editor changes a copy of a captured stack and records the changed resources. Its methods panic if an edit is
// impossible, because a mutation that changes nothing proves nothing. Run turns the panic into an error of the
// mutation.
type Editor struct {
	stack   capture.Stack
	touched map[string]bool // URNs
}

// Edit returns an editor for a copy of the stack.
func Edit(s capture.Stack) *Editor {
	c := make(capture.Stack, len(s))
	for i, r := range s {
		r.Inputs, r.Outputs = clone(r.Inputs), clone(r.Outputs)
		r.Dependencies = slices.Clone(r.Dependencies)
		r.PropertyDependencies = maps.Clone(r.PropertyDependencies)
		if r.Provider != nil {
			p := *r.Provider
			r.Provider = &p
		}
		c[i] = r
	}
	return &Editor{stack: c, touched: map[string]bool{}}
}

// Stack returns the changed stack.
func (e *Editor) Stack() capture.Stack { return e.stack }

// First returns the first resource of a type, by URN, whose input at path has the value. With an empty path, any
// resource matches.
func (e *Editor) First(typ, path string, value any) *capture.Resource {
	var found *capture.Resource
	for i := range e.stack {
		r := &e.stack[i]
		if r.Type == typ && (path == "" || at(r.Inputs, path) == value) && (found == nil || r.URN < found.URN) {
			found = r
		}
	}
	if found == nil {
		panic(fmt.Sprintf("the stack has no %s with %s: %v", typ, path, value))
	}
	e.touched[found.URN] = true
	return found
}

// Has reports whether the stack has a resource of a type.
func (e *Editor) Has(typ string) bool {
	return slices.ContainsFunc(e.stack, func(r capture.Resource) bool { return r.Type == typ })
}

// Set changes a value in the inputs and outputs of the first resource of a type. A nil value removes it.
func (e *Editor) Set(typ, path string, value any) {
	r := e.First(typ, "", nil)
	Put(r, path, value)
}

// Each sets a value in every resource of a type.
func (e *Editor) Each(typ, path string, value any) {
	e.First(typ, "", nil)
	for i := range e.stack {
		if r := &e.stack[i]; r.Type == typ {
			e.touched[r.URN] = true
			Put(r, path, value)
		}
	}
}

// Put changes a value in a resource's inputs and outputs. A nil value removes it.
func Put(r *capture.Resource, path string, value any) {
	keys := strings.Split(path, ".")
	put(r.Inputs, keys, value)
	put(r.Outputs, keys, value)
}

// Drop removes every resource of a type.
func (e *Editor) Drop(typ string) {
	e.First(typ, "", nil)
	e.stack = slices.DeleteFunc(e.stack, func(r capture.Resource) bool { return r.Type == typ })
}

// Remove removes one resource.
func (e *Editor) Remove(urn string) {
	e.stack = slices.DeleteFunc(e.stack, func(r capture.Resource) bool { return r.URN == urn })
}

// Add adds a resource. It gets the provider, including default tags, of a present resource of the same package.
func (e *Editor) Add(typ, name string, inputs map[string]any) *capture.Resource {
	r := capture.Resource{
		URN: "urn:pulumi:mutated::cdc-pipeline::" + typ + "::" + name, Type: typ, Name: name,
		Inputs: inputs, Outputs: clone(inputs), PropertyDependencies: map[string][]string{},
	}
	pkg, _, _ := strings.Cut(typ, ":")
	for _, other := range e.stack {
		if strings.HasPrefix(other.Type, pkg+":") && other.Provider != nil {
			r.Provider = other.Provider
			break
		}
	}
	e.stack = append(e.stack, r)
	e.touched[r.URN] = true
	return &e.stack[len(e.stack)-1]
}

// Refer makes a property of one resource refer to another resource.
func Refer(from *capture.Resource, property string, to capture.Resource) {
	from.PropertyDependencies[property] = append(slices.Clone(from.PropertyDependencies[property]), to.URN)
	from.Dependencies = append(from.Dependencies, to.URN)
}

func at(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(node) {
				return nil
			}
			v = node[i]
		default:
			return nil
		}
	}
	return v
}

// put follows a path, and makes missing objects on it.
func put(node any, keys []string, value any) {
	last := len(keys) == 1
	switch node := node.(type) {
	case map[string]any:
		switch {
		case last && value == nil:
			delete(node, keys[0])
		case last:
			node[keys[0]] = value
		default:
			if !container(node[keys[0]]) {
				node[keys[0]] = map[string]any{}
			}
			put(node[keys[0]], keys[1:], value)
		}
	case []any:
		i, err := strconv.Atoi(keys[0])
		if err != nil || i >= len(node) {
			panic(fmt.Sprintf("no item %s in a list of %d", keys[0], len(node)))
		}
		if last {
			node[i] = value
			return
		}
		put(node[i], keys[1:], value)
	}
}

// container reports whether a value is a list or an object and no mark.
func container(v any) bool {
	object, ok := v.(map[string]any)
	_, list := v.([]any)
	return list || ok && object["$unknown"] == nil && object["$secret"] == nil
}

func clone(m map[string]any) map[string]any {
	copied, _ := cloneValue(m).(map[string]any)
	if copied == nil {
		copied = map[string]any{}
	}
	return copied
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = cloneValue(item)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, item := range v {
			l[i] = cloneValue(item)
		}
		return l
	}
	return v
}
