package preparation

import (
	"fmt"
	"strings"
)

// Dotted finds columns with a dot in their names. The records of all tables go unchanged into one daily history
// index, which reads such a name as an object. No mapping of OpenSearch 2.19 prevents that: disable_objects exists
// since 3.5, https://docs.opensearch.org/latest/mappings/mapping-parameters/disable-objects/; a flat_object would,
// but supports no sums, sorting or ranges of numbers, and refuses a document with a value of more than 32,766 bytes.
// An ingest pipeline could rename the column, but would respell the numbers of every table (1.10 becomes 1.1), and
// DMS does not rename it:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Transformations.html.
//
// They are failed checks unless they are accepted. The function rename returns the statement that renames a column.
func (r Rules) Dotted(found []TableFound, accept bool, rename func(t Table, column, to string) string) []Finding {
	var findings []Finding
	tables := map[string][]string{} // by their columns
	for _, t := range found {
		for _, c := range t.Columns {
			tables[c.Name] = append(tables[c.Name], t.String())
		}
	}
	status, otherwise := Failed, ", or set source.dottedColumns to warn"
	if accept {
		status, otherwise = Warning, ""
	}
	for _, t := range found {
		for _, c := range t.Columns {
			before, _, has := strings.Cut(c.Name, ".")
			if !has || r.Omits(t.Table, c.Name) {
				continue
			}
			f := Finding{Check: fmt.Sprintf("name of column %s of %s", c.Name, t), Value: "one with a dot: the history " + inHistory(c.Name, before, tables[before])}
			f.Tell(status, otherwise+": the current index and the lake have it as it is",
				rename(t.Table, c.Name, Free(strings.ReplaceAll(c.Name, ".", "_"), t.Has)))
			findings = append(findings, f)
		}
	}
	return findings
}

// inHistory describes what the history index does with a dotted name beside tables that have a column named like its
// first part. Tried on OpenSearch 2.19.4.
func inHistory(name, before string, beside []string) string {
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
