package dms

import (
	"strconv"
	"strings"
)

// exceptions is a table that DMS makes for itself in a target with tables. Its record is sent even to a target
// without tables:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.ControlTable.html.
var exceptions = &table{
	name: name{table: "awsdms_apply_exceptions"},
	columns: []column{
		{name: "TASK_NAME", kind: kindText, typ: "STRING", length: 128},
		{name: "TABLE_OWNER", kind: kindText, typ: "STRING", length: 128},
		{name: "TABLE_NAME", kind: kindText, typ: "STRING", length: 128},
		{name: "ERROR_TIME", kind: kindDateTime, typ: "TIMESTAMP"},
		{name: "STATEMENT", kind: kindText, typ: "STRING"},
		{name: "ERROR", kind: kindText, typ: "STRING"},
	},
}

// control returns a control record. It contains a definition when IncludeControlDetails is set. For a changed table
// its form is assumed to be the same as for a new one.
func (e *envelope) control(t *table, op string) (key string, data []byte) {
	b := []byte{'{'}
	if e.target.controlDetails {
		b = append(b, `"control":{"table-def":{"columns":{`...)
		open := len(b)
		for i := range t.columns {
			if t.columns[i].omitted {
				continue
			}
			if len(b) > open {
				b = append(b, ',')
			}
			b = t.columns[i].define(b)
		}
		b = append(b, '}')
		if len(t.key) > 0 {
			b = append(b, `,"primary-key":[`...)
			for i, k := range t.key {
				if i > 0 {
					b = append(b, ',')
				}
				b = appendString(b, t.columns[k].name)
			}
			b = append(b, ']')
		}
		b = append(b, "}},"...)
	}
	b = append(b, `"metadata":`...)
	b = e.metadata(b, "control", op, t.name, keyTask, e.task)
	return strings.Join([]string{e.task, t.schema, t.table}, "."), e.finish(append(b, "}}"...))
}

func (c *column) define(b []byte) []byte {
	b = append(appendString(b, c.name), `:{"type":`...)
	b = appendString(b, c.typ)
	if c.length > 0 && !c.lob && (c.kind == kindText || c.kind == kindBytes || c.kind == kindBits) {
		b = append(b, `,"length":`...)
		b = strconv.AppendInt(b, int64(c.length), 10)
	}
	b = append(b, `,"nullable":`...)
	return append(strconv.AppendBool(b, c.nullable), '}')
}
