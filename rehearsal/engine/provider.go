package engine

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// offered are the resources and data sources of the AWS plugin, by their Terraform names: the keys of the maps `res`
// and `ds` in its source.
type offered struct{ resources, dataSources map[string]bool }

func readOffered(plugin string) (offered, error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), plugin, nil, parser.SkipObjectResolution)
	if err != nil {
		return offered{}, fmt.Errorf("reading what the AWS plugin offers: %w", err)
	}
	o := offered{keysOf(syntax, "res"), keysOf(syntax, "ds")}
	if len(o.resources) == 0 || len(o.dataSources) == 0 {
		return o, fmt.Errorf("reading what the AWS plugin offers: %s has no maps res and ds", plugin)
	}
	return o, nil
}

// keysOf are the keys of a variable's map literal.
func keysOf(syntax *ast.File, variable string) map[string]bool {
	keys := map[string]bool{}
	ast.Inspect(syntax, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || spec.Names[0].Name != variable {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.CompositeLit); ok {
			for _, element := range literal.Elts {
				if pair, ok := element.(*ast.KeyValueExpr); ok {
					keys[text(pair.Key)] = true
				}
			}
		}
		return false
	})
	return keys
}

func text(e ast.Expr) string {
	if literal, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(literal.Value); err == nil {
			return s
		}
	}
	return ""
}

var (
	serviceImport = regexp.MustCompile(`internal/service/(\w+)"`)
	serviceEntry  = regexp.MustCompile(`^\s+(\w+)\.ServicePackage\(ctx\)`)
)

// narrow keeps only the registrations of offered resources in a copy of the Terraform AWS provider, and the services
// with any. The rest becomes unreferenced.
func narrow(provider string, o offered) error {
	files, err := filepath.Glob(filepath.Join(provider, "internal", "service", "*", "service_package_gen.go"))
	if err != nil {
		return fmt.Errorf("listing the provider's services: %w", err)
	}
	var services []string
	for _, file := range files {
		kept, err := narrowService(file, o)
		if err != nil {
			return fmt.Errorf("narrowing the AWS provider: %w", err)
		}
		if kept > 0 {
			services = append(services, filepath.Base(filepath.Dir(file)))
		}
	}
	return rewrite(filepath.Join(provider, "internal", "provider", "service_packages_gen.go"), func(text string) (string, error) {
		lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
			for _, pattern := range []*regexp.Regexp{serviceImport, serviceEntry} {
				if m := pattern.FindStringSubmatch(line); m != nil {
					return !slices.Contains(services, m[1])
				}
			}
			return false
		})
		return strings.Join(lines, "\n"), nil
	})
}

// narrowService keeps the offered registrations of a service, and returns their number.
func narrowService(file string, o offered) (kept int, err error) {
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return 0, fmt.Errorf("reading the registrations: %w", err)
	}
	names, err := frameworkNames(filepath.Dir(file))
	if err != nil {
		return 0, err
	}
	var drop [][2]int
	for _, d := range syntax.Decls {
		function, ok := d.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		var want map[string]bool
		switch function.Name.Name {
		case "FrameworkResources", "SDKResources":
			want = o.resources
		case "FrameworkDataSources", "SDKDataSources":
			want = o.dataSources
		case "EphemeralResources":
		default:
			continue
		}
		for _, entry := range entries(function) {
			if slices.ContainsFunc(registered(entry, names), func(name string) bool { return want[name] }) {
				kept++
				continue
			}
			drop = append(drop, [2]int{set.Position(entry.Pos()).Offset, set.Position(entry.End()).Offset})
		}
	}
	return kept, rewrite(file, func(text string) (string, error) {
		for _, span := range slices.Backward(drop) {
			text = text[:span[0]] + strings.TrimPrefix(text[span[1]:], ",")
		}
		return text, nil
	})
}

// entries are the elements of the list that a function returns.
func entries(function *ast.FuncDecl) []*ast.CompositeLit {
	var found []*ast.CompositeLit
	for _, statement := range function.Body.List {
		result, ok := statement.(*ast.ReturnStmt)
		if !ok || len(result.Results) != 1 {
			continue
		}
		if list, ok := result.Results[0].(*ast.CompositeLit); ok {
			for _, element := range list.Elts {
				if entry, ok := element.(*ast.CompositeLit); ok {
					found = append(found, entry)
				}
			}
		}
	}
	return found
}

// registered are the possible Terraform names of an entry. A plugin-SDK entry contains its name; for a framework
// entry the file of its factory contains it.
func registered(entry *ast.CompositeLit, names map[string][]string) []string {
	for _, element := range entry.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "TypeName" {
			return []string{text(pair.Value)}
		}
	}
	for _, element := range entry.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if factory, ok := pair.Value.(*ast.Ident); ok {
				return names[factory.Name]
			}
		}
	}
	return nil
}

var (
	factory  = regexp.MustCompile(`(?m)^func (\w+)\(`)
	typeName = regexp.MustCompile(`\.TypeName = "(aws_\w+)"`)
)

// frameworkNames are the Terraform names in a function's file, by function.
func frameworkNames(service string) (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(service, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", service, err)
	}
	names := map[string][]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the service: %w", err)
		}
		var named []string
		for _, m := range typeName.FindAllSubmatch(content, -1) {
			named = append(named, string(m[1]))
		}
		if len(named) == 0 {
			continue
		}
		for _, m := range factory.FindAllSubmatch(content, -1) {
			names[string(m[1])] = named
		}
	}
	return names, nil
}
