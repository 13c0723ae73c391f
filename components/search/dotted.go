package search

import (
	"cdcpipeline/internal/source/mysql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// dotted says what the history makes of the columns that have a dot in their names: an object, which all tables share, since
// the records of all come as they are into one daily index. No mapping of OpenSearch 2.19 takes such a name for what it is:
// disable_objects is in 3.5 and newer, https://docs.opensearch.org/latest/mappings/mapping-parameters/disable-objects/; a
// flat_object would, but has no sums, sorting or ranges of numbers, and refuses a document with a value of more than 32,766 bytes.
func dotted(findings string) ([]string, error) {
	var found mysql.Findings
	if err := json.Unmarshal([]byte(findings), &found); err != nil {
		return nil, fmt.Errorf("reading the bootstrap's findings: %w", err)
	}
	tables := map[string][]string{} // by their columns
	for _, t := range found.Tables {
		for _, c := range t.Columns {
			tables[c.Name] = append(tables[c.Name], t.Database+"."+t.Table.Table)
		}
	}
	var lines []string
	for _, t := range found.Tables {
		for _, c := range t.Columns {
			if before, _, has := strings.Cut(c.Name, "."); has {
				lines = append(lines, fmt.Sprintf("%s.%s: column %q has a dot in its name: the history %s; "+
					"the current index and the lake have it as it is. Rename it, or leave the table out of source.tables",
					t.Database, t.Table.Table, c.Name, consequence(c.Name, before, tables[before])))
			}
		}
	}
	return lines, nil
}

// consequence of a name with a dot, beside tables that have a column of the name before it. Tried on OpenSearch 2.19.4.
func consequence(name, before string, beside []string) string {
	first := strings.TrimRight(name, ".")
	switch {
	case first != "" && !strings.Contains(first, "."):
		return "finds it as " + first
	case first == "" || strings.HasPrefix(first, ".") || strings.Contains(first, ".."):
		return "takes no record of the table: they are put below the search delivery's error prefix"
	case len(beside) > 0:
		return fmt.Sprintf("cannot hold it beside the column %q of %s: on each day either that column is not found, or records of this table are put below the search delivery's error prefix",
			before, strings.Join(beside, ", "))
	}
	return "keeps it, and does not find it"
}

// warn of columns that the history cannot hold, whenever the tables have been looked at.
func (d *Delivery) warn(ctx *pulumi.Context, findings pulumi.StringInput) {
	if findings == nil {
		return
	}
	findings.ToStringOutput().ApplyT(func(text string) (string, error) {
		lines, err := dotted(text)
		for _, line := range lines {
			_ = ctx.Log.Warn(line, &pulumi.LogArgs{Resource: d}) // it is about nothing that is made here
		}
		return "", err
	})
}
