// Package partition determines a record's folder in the lake: schema=…/table=… below the lake's prefix. The delivery
// makes the folder with [Query], readers find it with [Folder], and both spell a name the same way.
package partition

import (
	"fmt"
	"strings"
)

// Control is the schema and table for records without a table's rows: table definitions, and records that name no
// table.
const Control = "_control"

// plain are the characters that stay unescaped, beside letters and digits. They are the ones that S3 calls safe in a
// key, and "~", https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html#object-key-guidelines. jq 1.6,
// which Firehose names, leaves exactly these unescaped (as RFC 2396 does). jq 1.7 and gojq escape [doubtful], as RFC
// 3986 does.
const plain = "-_.~" + doubtful

// doubtful are the characters that some jq versions escape and others do not.
const doubtful = "!'()*"

// Text is a name in a folder's spelling: each byte that is not plain becomes %XX. So a slash does not start another
// folder.
func Text(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(plain, c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Folder is a table's folder below a root. The root has no trailing slash, the folder has one.
func Folder(root, schema, table string) string {
	return fmt.Sprintf("%s/schema=%s/table=%s/", root, Text(schema), Text(table))
}

// Query is the jq program that computes a record's partition. It returns one object, as Firehose requires,
// https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html.
//
// Firehose sends a record to the error prefix when a key is null or empty, so Query uses [Control] instead.
func Query() string {
	return fmt.Sprintf("{schema: %s, table: %s}", nameOf("schema-name"), nameOf("table-name"))
}

func nameOf(key string) string {
	return fmt.Sprintf(`(if .metadata."record-type" == "data" and (.metadata.%[1]q // "") != "" then (.metadata.%[1]q | %[2]s) else %[3]q end)`,
		key, text(), Control)
}

// text is [Text] in jq: @uri, and what it may have escaped of the doubtful characters as it was. A percent sign of the name
// itself is %25 by then, so that no name is taken for another.
func text() string {
	steps := []string{"@uri"}
	for _, c := range doubtful {
		steps = append(steps, fmt.Sprintf(`split("%%%02X") | join(%q)`, c, string(c)))
	}
	return strings.Join(steps, " | ")
}
