// Package partition says in which folder of the lake the records of a table are: schema=…/table=… below the lake's prefix.
// The delivery makes the folder with [Query], readers look for it with [Folder], and both write a name alike.
package partition

import (
	"fmt"
	"strings"
)

// Control is the schema and the table under which records without a table's rows are kept: those that describe tables, and
// those that name none.
const Control = "_control"

// plain are the characters that stay as they are, beside letters and digits. They are what S3 calls safe in a key, and "~",
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html#object-key-guidelines. jq 1.6, which Firehose names,
// leaves exactly these (as RFC 2396 does); jq 1.7 and gojq escape [doubtful], as RFC 3986 does.
const plain = "-_.~" + doubtful

// doubtful are the characters that one jq escapes, and another does not.
const doubtful = "!'()*"

// Text is a name as it is in a folder's: bytes other than the plain ones are %XX. A slash opens no folder of its own.
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

// Folder of a table's records below a root, which has no slash at its end. The folder has one.
func Folder(root, schema, table string) string {
	return fmt.Sprintf("%s/schema=%s/table=%s/", root, Text(schema), Text(table))
}

// Query is the jq program that gives a record its partition. It is one object, as Firehose wants it,
// https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html.
//
// Firehose sends a record to the error prefix when a key is null or empty, hence [Control].
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
