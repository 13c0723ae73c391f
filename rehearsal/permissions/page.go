package permissions

import (
	"bytes"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/rehearsal/permissions/document"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

//go:embed page.md.tmpl
var pageTemplate string

// Program is the page's data from the program: its resources with each environment's defaults.
type Program struct {
	Dev, Prod []componenttest.Registered
	// Name is the prefix of its resources' names.
	Name string
}

// Pages are docs/permissions.md and the policies beside it, by path in docs.
func Pages(r Recording, program Program) (map[string][]byte, error) {
	// Production makes everything that development makes and more: flow logs, readers, monitoring.
	f, err := read(append(slices.Clone(program.Dev), program.Prod...), program.Name)
	if err != nil {
		return nil, err
	}
	pages := map[string][]byte{}
	view := map[string]any{
		"Region": region, "Account": account, "Quotas": quotaRows(program), "Production": code(production), "MaxPolicy": maxPolicy,
	}
	deployment := merged(r.Deployer, production, watching)
	deployer, _, err := needs(deployment, r.Tagged)
	if err != nil {
		return nil, err
	}
	tags, err := givenTags(r.Tagged)
	if err != nil {
		return nil, err
	}
	view["Tags"], view["Newer"] = impliedRows(tags), newerRows()
	for name, operations := range map[string][]string{"Deployer": deployment, "Changes": newIn(changes, deployment), "Operator": r.Operator} {
		var tagged []string
		if name == "Deployer" {
			tagged = r.Tagged
		}
		wanted, unrecorded, err := needs(operations, tagged)
		if err != nil {
			return nil, err
		}
		if name == "Changes" {
			wanted = newIn(wanted, deployer)
		}
		all, err := statements(wanted, f)
		if err != nil {
			return nil, err
		}
		documents, err := policies(all)
		if err != nil {
			return nil, err
		}
		var files []string
		for i, d := range documents {
			file := fmt.Sprintf("permissions/%s-%d.json", strings.ToLower(name), i+1)
			files = append(files, file)
			if pages[file], err = d.Text(); err != nil {
				return nil, err
			}
		}
		view[name] = map[string]any{"Operations": len(operations), "Actions": len(wanted), "Files": files, "Rows": rows(all), "Implied": impliedRows(unrecorded)}
	}
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("reading the page's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	pages["permissions.md"] = b.Bytes()
	return pages, nil
}

// newIn are the names in a list that another list lacks.
func newIn(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(other, name) })
}

// row of a table of permissions.
type row struct{ Actions, On string }

func rows(all []document.Statement) []row {
	var table []row
	for _, s := range all {
		on := code(s.Resource)
		if slices.Equal(s.Resource, []string{"*"}) {
			on = "everything"
		}
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
				on += fmt.Sprintf("; `%s` %s", key, code(s.Condition[operator][key]))
			}
		}
		table = append(table, row{code(s.Action), on})
	}
	return table
}

// impliedRow is a row about a permission without a recorded call. Shown reports whether a rehearsal enforces it.
type impliedRow struct{ Actions, Why, Shown, By, Source string }

func impliedRows(unrecorded []implied) []impliedRow {
	var table []impliedRow
	for _, i := range unrecorded {
		row := impliedRow{code(i.actions), i.why, "no", "AWS", i.source}
		if strings.HasPrefix(i.source, provider) {
			row.By = "provider"
		}
		called := slices.ContainsFunc(i.operations, func(o string) bool { return !slices.Contains(production, o) && !slices.Contains(watching, o) })
		if called && slices.Contains(i.actions, "iam:PassRole") {
			row.Shown = "yes"
			if len(i.actions) > 1 {
				row.Shown = "`iam:PassRole`"
			}
		}
		table = append(table, row)
	}
	return table
}

type newerRow struct{ Actions, Since, Why, Source string }

func newerRows() []newerRow {
	var table []newerRow
	for _, n := range newer {
		table = append(table, newerRow{code(n.actions), n.since, n.why, n.source})
	}
	return table
}

type quotaRow struct {
	Label, Default, Source string
	Dev, Prod              int
}

func quotaRows(program Program) []quotaRow {
	var table []quotaRow
	for _, q := range quotas {
		table = append(table, quotaRow{q.label(), q.initial, q.source, q.uses(program.Dev), q.uses(program.Prod)})
	}
	return table
}

// code is a list of names in Markdown.
func code(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }
