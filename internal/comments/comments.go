// Package comments extracts the doc comments of a Go package. Pages and schemas for readers without Go are generated
// from them.
package comments

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// Package holds the comments of one package's files, including tests, each comment on one line.
type Package struct {
	// Of maps a type ("Search") or a struct field ("Search.Reach") to its comment.
	Of map[string]string
	// Choices are the constants of a string type ("Reach"), in order.
	Choices map[string][]Choice
}

// Choice is a possible value of a string type.
type Choice struct {
	// Value as a user writes it.
	Value string
	// Meaning is the constant's comment without its name.
	Meaning string
}

// Read reads the Go files in a folder.
func Read(dir string) (Package, error) {
	p := Package{Of: map[string]string{}, Choices: map[string][]Choice{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return p, fmt.Errorf("looking for the Go files of %s: %w", dir, err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return p, fmt.Errorf("reading comments: %w", err)
		}
		for _, decl := range file.Decls {
			if group, ok := decl.(*ast.GenDecl); ok {
				p.read(group)
			}
		}
	}
	return p, nil
}

func (p Package) read(group *ast.GenDecl) {
	for _, spec := range group.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			p.Of[spec.Name.Name] = text(spec.Doc, group.Doc)
			if structure, ok := spec.Type.(*ast.StructType); ok {
				p.readFields(spec.Name.Name, structure)
			}
		case *ast.ValueSpec:
			of, named := spec.Type.(*ast.Ident)
			if !named || group.Tok != token.CONST {
				continue
			}
			if value, ok := spec.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
				_, meaning, _ := strings.Cut(text(spec.Doc, group.Doc), " ")
				p.Choices[of.Name] = append(p.Choices[of.Name], Choice{strings.Trim(value.Value, `"`), meaning})
			}
		}
	}
}

func (p Package) readFields(of string, structure *ast.StructType) {
	for _, f := range structure.Fields.List {
		for _, name := range f.Names {
			p.Of[of+"."+name.Name] = text(f.Doc)
		}
	}
}

// text is the first comment that is not empty.
func text(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if g != nil {
			return strings.Join(strings.Fields(g.Text()), " ")
		}
	}
	return ""
}
