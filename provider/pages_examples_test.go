package provider

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// examplesOf is how a component is made in each language: the Example of its own package, the program of examples/ and its translations.
func examplesOf(t *testing.T, kind string) string {
	t.Helper()
	var out strings.Builder
	for _, in := range []struct{ language, fence, text string }{
		{"Go", "go", goExample(t, kind)},
		{"YAML", "yaml", exampleFile(t, kind+".yaml")},
		{"TypeScript", "ts", exampleFile(t, kind+".ts")},
		{"Python", "python", exampleFile(t, kind+".py")},
	} {
		fmt.Fprintf(&out, "<details>\n<summary>%s</summary>\n\n```%s\n%s\n```\n\n</details>\n\n", in.language, in.fence, strings.TrimSpace(in.text))
	}
	return out.String()
}

func exampleFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("examples", name))
	require.NoErrorf(t, err, "write an example of the component in provider/examples/, in YAML, and `go generate ./provider`")
	return string(text)
}

// goExample is the program of the Example that makes the component: ExampleNewBucket, or the first of the package that calls the constructor.
func goExample(t *testing.T, kind string) string {
	t.Helper()
	module, name, _ := strings.Cut(kind, ".")
	folder := filepath.Join("..", "components", module)
	paths, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	set, files := token.NewFileSet(), []*ast.File{}
	for _, path := range paths {
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	examples := doc.Examples(files...)
	slices.SortStableFunc(examples, func(a, b *doc.Example) int { return rank(a, name) - rank(b, name) })
	calls := regexp.MustCompile(`\b` + module + `\.New(` + name + `)?\(`) // pipeline.New, stream.NewChangeStream
	for _, e := range examples {
		if program := programOf(t, set, files, e); calls.MatchString(program) {
			return program
		}
	}
	require.Failf(t, "no example", "write an Example in %s that makes a %s", folder, kind)
	return ""
}

// rank puts the Example that is named for the constructor before others.
func rank(e *doc.Example, name string) int {
	if e.Name == "New"+name || e.Name == "New" {
		return 0
	}
	return 1
}

// programOf is what an Example gives to componenttest.Example, as the main program that it would be.
func programOf(t *testing.T, set *token.FileSet, files []*ast.File, e *doc.Example) string {
	t.Helper()
	var function *ast.FuncLit
	ast.Inspect(e.Code, func(n ast.Node) bool {
		if found, ok := n.(*ast.FuncLit); ok && function == nil {
			function = found
		}
		return function == nil
	})
	if function == nil {
		return ""
	}
	text, err := os.ReadFile(set.Position(function.Pos()).Filename)
	require.NoError(t, err)
	body := string(text[set.Position(function.Pos()).Offset:set.Position(function.End()).Offset])
	i := slices.IndexFunc(files, func(f *ast.File) bool { return f.FileStart <= function.Pos() && function.Pos() < f.FileEnd })
	imports := map[string]bool{}
	for _, i := range files[i].Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if strings.Contains(body, regexp.MustCompile(`[^/]*$`).FindString(path)+".") {
			imports["\t"+i.Path.Value] = true
		}
	}
	return "import (\n" + strings.Join(slices.Sorted(maps.Keys(imports)), "\n") + "\n)\n\nfunc main() {\n\tpulumi.Run(" + body + ")\n}"
}
