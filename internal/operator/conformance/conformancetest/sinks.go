package conformancetest

import (
	"cdcpipeline/internal/operator/conformance"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

func ofSinks() map[string]Break {
	return map[string]Break{
		"history-index": {Document: func(d Document) Document {
			d.Index = d.Index[:len(d.Index)-len("-2006-01-02")] + "_" + d.Index[len(d.Index)-len("2006-01-02"):]
			return d
		}},
		// OpenSearch makes ids of this form for documents without one.
		"history-ids": {Document: func(d Document) Document {
			d.ID = "m" + (d.ID + strings.Repeat("0", 19))[:19]
			return d
		}},
		"history-document": {Document: func(d Document) Document {
			var w map[string]any
			if json.Unmarshal([]byte(d.Source), &w) == nil { // every number becomes a double
				d.Source = strings.TrimSpace(encode(w))
			}
			return d
		}},
		"lake-folder": {Folder: func(schema, table, _ string) (string, string) {
			return schema, strings.ReplaceAll(table, "%24", "$")
		}},
		"lake-hour": {Object: func(prefix string, lines []string) (string, []string) {
			return hour.ReplaceAllStringFunc(prefix, inAnotherZone), lines
		}},
		"lake-lines": {Object: func(prefix string, lines []string) (string, []string) {
			return prefix, []string{strings.ReplaceAll(strings.Join(lines, ""), "\n", "") + "\n"}
		}},
		"lake-control": {Folder: func(schema, table, data string) (string, string) {
			if schema != "_control" {
				return schema, table
			}
			w := decode(data)
			if w == nil {
				return schema, table
			}
			name, _ := w.member("metadata")["schema-name"].(string)
			return name, strings.ReplaceAll(about(data), "$", "%24")
		}},
	}
}

var (
	hour   = regexp.MustCompile(`hour=\d\d`)
	folder = regexp.MustCompile(`^(.*/)?schema=([^/]*)/table=([^/]*)/`)
)

// inAnotherZone moves an hour by five time zones.
func inAnotherZone(hour string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(hour, "hour="))
	return fmt.Sprintf("hour=%02d", (n+5)%24)
}

// brokenLake returns the lines of objects as they would be with a break.
func brokenLake(b Break, e *conformance.Evidence) []conformance.Line {
	type object struct {
		prefix, name string
		lines        []string
	}
	var objects []*object
	for _, l := range e.Lake {
		prefix, name := path.Split(l.Object)
		if m := folder.FindStringSubmatch(prefix); b.Folder != nil && m != nil {
			schema, table := b.Folder(m[2], m[3], l.Text)
			prefix = m[1] + "schema=" + schema + "/table=" + table + "/" + strings.TrimPrefix(prefix, m[0])
		}
		if n := len(objects); n == 0 || objects[n-1].prefix != prefix || objects[n-1].name != name {
			objects = append(objects, &object{prefix: prefix, name: name})
		}
		last := objects[len(objects)-1]
		last.lines = append(last.lines, l.Text+"\n")
	}
	var broken []conformance.Line
	for _, o := range objects {
		if b.Object != nil {
			o.prefix, o.lines = b.Object(o.prefix, o.lines)
		}
		for line := range strings.Lines(strings.Join(o.lines, "")) {
			broken = append(broken, conformance.Line{Object: o.prefix + o.name, Text: strings.TrimSpace(line)})
		}
	}
	return broken
}
