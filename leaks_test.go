package main

import (
	"fmt"
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// Another module can import components and config, but name nothing of internal packages.
func TestNothingPublicHasAnInternalType(t *testing.T) {
	found, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes}, "./components/...", "./config")
	require.NoError(t, err)
	require.Greater(t, len(found), 9)
	for _, p := range found {
		require.Empty(t, p.Errors, p.PkgPath)
		require.Empty(t, leaks(p.Types), "another program cannot name these types: give each a type of %s", p.PkgPath)
	}
}

// leaks are what a package exports with an internal type: "Args.Rows: cdcpipeline/internal/change.Row".
func leaks(p *types.Package) []string {
	l := leak{p: p}
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		l.visit(name, object.Type())
		named, ok := types.Unalias(object.Type()).(*types.Named)
		if _, isType := object.(*types.TypeName); !isType || !ok || named.Obj().Pkg() != p {
			continue
		}
		l.visit(name, named.Underlying())
		for method := range named.Methods() {
			if method.Exported() {
				l.visit(name+"."+method.Name(), method.Type())
			}
		}
	}
	return l.found
}

type leak struct {
	p     *types.Package
	found []string
}

// visit looks at a type as it is written: the fields of another named type are that one's own matter.
func (l *leak) visit(where string, t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		l.visit(where, types.Unalias(t))
	case *types.Named:
		if owner := t.Obj().Pkg(); owner != nil && strings.HasPrefix(owner.Path(), "cdcpipeline/internal/") {
			l.found = append(l.found, fmt.Sprintf("%s: %s", where, t))
		}
		for argument := range t.TypeArgs().Types() {
			l.visit(where, argument)
		}
	case *types.Pointer:
		l.visit(where, t.Elem())
	case *types.Slice:
		l.visit(where, t.Elem())
	case *types.Array:
		l.visit(where, t.Elem())
	case *types.Chan:
		l.visit(where, t.Elem())
	case *types.Map:
		l.visit(where, t.Key())
		l.visit(where, t.Elem())
	case *types.Signature:
		l.visit(where, t.Params())
		l.visit(where, t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			l.visit(where, v.Type())
		}
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				l.visit(where+"."+field.Name(), field.Type())
			}
		}
	case *types.Interface:
		for method := range t.ExplicitMethods() {
			l.visit(where+"."+method.Name(), method.Type())
		}
		for embedded := range t.EmbeddedTypes() {
			l.visit(where, embedded)
		}
	}
}
