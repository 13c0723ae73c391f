// Package shake removes unreachable declarations from copies of Go packages, so that the compiler has less to read.
// The rest behaves as before.
//
// It works on names, without types, so it keeps too much rather than too little. If it removes too much, the compiler
// reports an error; the behaviour never changes.
package shake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Package is one of a program's packages, as `go list -deps -json` names it.
type Package struct {
	ImportPath, Name, Dir string
	// GoFiles are the files compiled on this platform.
	GoFiles []string
	// Imports are the import paths that it uses.
	Imports []string
	// Shake allows removing the package's unused declarations. Other packages are kept unchanged, with everything
	// that they mention.
	Shake bool `json:"-"`
	// Thin are types of this package that keep only those exported methods which reachable code calls by name; other
	// types keep all methods.
	Thin []string `json:"-"`
}

// Shake rewrites the packages with Shake set, in their folders: it removes unused declarations, imports and files.
// packages are all packages of a program, including the standard library. When ctx ends it stops, and leaves the
// folders half rewritten.
func Shake(ctx context.Context, packages []Package) error {
	t := tree{packages: map[string]*pkg{}, methods: map[string]bool{}, waiting: map[string][]*decl{}}
	for _, p := range packages {
		t.packages[p.ImportPath] = &pkg{Package: p, decls: map[string][]*decl{}, methods: map[string][]*decl{}}
	}
	for _, p := range t.packages {
		if p.Shake || slices.ContainsFunc(p.Imports, t.shaken) {
			if err := errors.Join(context.Cause(ctx), t.parse(p)); err != nil {
				return err
			}
		}
	}
	for _, p := range t.packages {
		for _, f := range p.files {
			for _, d := range f.decls {
				if !p.Shake || d.root {
					t.keep(d)
				}
			}
		}
	}
	for _, p := range t.packages {
		if p.Shake {
			if err := errors.Join(context.Cause(ctx), t.write(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

type tree struct {
	packages map[string]*pkg
	// methods are the names that reachable code selects; waiting are methods of thin types that nothing has selected
	// yet.
	methods map[string]bool
	waiting map[string][]*decl
}

type pkg struct {
	Package
	files   []*file
	decls   map[string][]*decl // by name
	methods map[string][]*decl // by the receiver's type
}

type file struct {
	path    string
	text    []byte
	base    int // position of the file's first byte in the file set
	imports []importSpec
	groups  []*ast.GenDecl
	decls   []*decl
}

type importSpec struct {
	name, path string
	from, to   int
}

// decl is a function, a method, or one specification in a var, const or type declaration.
type decl struct {
	pkg      *pkg
	file     *file
	node     ast.Node
	from, to int
	group    *ast.GenDecl // nil for functions
	names    []string
	receiver string // of a method
	root     bool   // always kept
	kept     bool
}

func (t *tree) shaken(path string) bool {
	p := t.packages[path]
	return p != nil && p.Shake
}

func (t *tree) parse(p *pkg) error {
	for _, name := range p.GoFiles {
		f := &file{path: filepath.Join(p.Dir, name)}
		text, err := os.ReadFile(f.path)
		if err != nil {
			return fmt.Errorf("reading %s: %w", p.ImportPath, err)
		}
		f.text = text
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, f.path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("reading %s: %w", p.ImportPath, err)
		}
		f.base = int(syntax.FileStart)
		for _, spec := range syntax.Imports {
			t.addImport(f, spec)
		}
		for _, d := range syntax.Decls {
			p.add(f, d)
		}
		p.files = append(p.files, f)
	}
	return nil
}

func (t *tree) addImport(f *file, spec *ast.ImportSpec) {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return // the parser checked it
	}
	i := importSpec{path: path, from: int(spec.Pos()) - f.base, to: int(spec.End()) - f.base}
	if spec.Name != nil {
		i.name = spec.Name.Name
	} else if p := t.packages[path]; p != nil {
		i.name = p.Name
	}
	f.imports = append(f.imports, i)
}

func (p *pkg) add(f *file, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		f := p.append(f, d, d.Doc, nil, d.Name)
		f.root = d.Recv == nil && (d.Name.Name == "init" || d.Name.Name == "main")
		if d.Recv != nil {
			f.receiver = receiver(d.Recv.List[0].Type)
			p.methods[f.receiver] = append(p.methods[f.receiver], f)
			return
		}
		p.index(f)
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return
		}
		f.groups = append(f.groups, d)
		if d.Tok == token.CONST && d.Lparen.IsValid() && countsUp(d) {
			p.index(p.append(f, d, d.Doc, nil, constants(d)...)) // a constant's value depends on earlier ones
			return
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				p.index(p.append(f, spec, spec.Doc, d, spec.Name))
			case *ast.ValueSpec:
				p.index(p.append(f, spec, spec.Doc, d, spec.Names...))
			}
		}
	}
}

func (p *pkg) append(f *file, node ast.Node, doc *ast.CommentGroup, group *ast.GenDecl, names ...*ast.Ident) *decl {
	from := node.Pos()
	if group != nil && !group.Lparen.IsValid() { // the keyword is removed too
		if doc, from = group.Doc, group.Pos(); group.Doc == nil {
			doc = nil
		}
	}
	if doc != nil {
		from = doc.Pos()
	}
	d := &decl{pkg: p, file: f, node: node, group: group, from: int(from) - f.base, to: int(node.End()) - f.base}
	for _, name := range names {
		d.names = append(d.names, name.Name)
	}
	f.decls = append(f.decls, d)
	return d
}

func (p *pkg) index(d *decl) {
	for _, name := range d.names {
		p.decls[name] = append(p.decls[name], d)
	}
}

func receiver(t ast.Expr) string {
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// countsUp reports whether a constant in the group derives its value from the previous one.
func countsUp(d *ast.GenDecl) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && name.Name == "iota" {
			found = true
		}
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 0 {
			found = true
		}
		return !found
	})
	return found
}

func constants(d *ast.GenDecl) []*ast.Ident {
	var names []*ast.Ident
	for _, spec := range d.Specs {
		if spec, ok := spec.(*ast.ValueSpec); ok {
			names = append(names, spec.Names...)
		}
	}
	return names
}

// keep keeps a declaration and everything that it mentions.
func (t *tree) keep(d *decl) {
	for queue := []*decl{d}; len(queue) > 0; {
		d, queue = queue[len(queue)-1], queue[:len(queue)-1]
		if d.kept {
			continue
		}
		d.kept = true
		if _, ok := d.node.(*ast.TypeSpec); ok {
			for _, m := range d.pkg.methods[d.names[0]] {
				if t.calledFor(m) {
					queue = append(queue, m)
				}
			}
		}
		queue = append(queue, t.mentions(d)...)
	}
}

// calledFor reports whether to keep a method of a kept type; otherwise the method waits until something selects its
// name.
func (t *tree) calledFor(m *decl) bool {
	name := m.names[0]
	if !slices.Contains(m.pkg.Thin, m.receiver) || t.methods[name] {
		return true
	}
	t.waiting[name] = append(t.waiting[name], m)
	return false
}

// mentions are the declarations that one mentions.
func (t *tree) mentions(d *decl) []*decl {
	var found []*decl
	named := func(name string) {
		if name != "_" {
			found = append(found, d.pkg.decls[name]...)
		}
	}
	selected := func(name string) {
		if !t.methods[name] {
			t.methods[name] = true
			found = append(found, t.waiting[name]...)
		}
	}
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			selected(n.Sel.Name)
			if x, ok := n.X.(*ast.Ident); ok {
				for _, i := range d.file.imports {
					if p := t.packages[i.path]; p != nil && i.name == x.Name {
						found = append(found, p.decls[n.Sel.Name]...)
					}
				}
			}
			ast.Inspect(n.X, visit)
			return false
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				for _, name := range m.Names {
					selected(name.Name)
				}
			}
		case *ast.Field:
			ast.Inspect(n.Type, visit) // its own name does not count
			return false
		case *ast.Ident:
			named(n.Name)
		}
		return true
	}
	ast.Inspect(d.node, visit)
	return found
}

// write writes a package's files without removed declarations.
func (t *tree) write(p *pkg) error {
	keep := map[string]bool{}
	for _, f := range p.files {
		text := f.rest()
		if text == nil {
			continue
		}
		keep[filepath.Base(f.path)] = true
		if err := os.WriteFile(f.path, text, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", p.ImportPath, err)
		}
	}
	if len(keep) == 0 && len(p.files) > 0 { // an import without use is possible
		f := p.files[0]
		keep[filepath.Base(f.path)] = true
		if err := os.WriteFile(f.path, []byte("package "+p.Name+"\n"), 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", p.ImportPath, err)
		}
	}
	sources, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
	if err != nil {
		return fmt.Errorf("listing %s: %w", p.ImportPath, err)
	}
	for _, path := range sources {
		if keep[filepath.Base(path)] {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("emptying %s: %w", p.ImportPath, err)
		}
	}
	return nil
}

type span struct{ from, to int }

// rest is the file's remaining text; nil when nothing is left.
func (f *file) rest() []byte {
	var cuts []span
	used := map[string]bool{}
	left := 0
	inGroup := map[*ast.GenDecl]int{}
	for _, d := range f.decls {
		if d.kept {
			left++
			inGroup[d.group]++
			qualifiers(d.node, used)
			continue
		}
		cuts = append(cuts, span{d.from, d.to})
	}
	if left == 0 {
		return nil
	}
	for _, g := range f.groups {
		if inGroup[g] > 0 || !g.Lparen.IsValid() || slices.ContainsFunc(f.decls, func(d *decl) bool { return d.node == g }) {
			continue
		}
		from := g.Pos()
		if g.Doc != nil {
			from = g.Doc.Pos()
		}
		cuts = append(cuts, span{int(from) - f.base, int(g.End()) - f.base})
	}
	for _, i := range f.imports {
		if i.name != "_" && i.name != "." && !used[i.name] {
			cuts = append(cuts, span{i.from, i.to})
		}
	}
	return cut(f.text, cuts)
}

// qualifiers adds the names before the dots of selectors.
func qualifiers(n ast.Node, used map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
}

// cut removes parts of a text; parts may overlap.
func cut(text []byte, cuts []span) []byte {
	slices.SortFunc(cuts, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var out bytes.Buffer
	at := 0
	for _, c := range cuts {
		if c.from > at {
			out.Write(text[at:c.from])
		}
		at = max(at, c.to)
	}
	out.Write(text[at:])
	return out.Bytes()
}
