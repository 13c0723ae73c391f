package firehose

import (
	"fmt"
	"strings"

	"github.com/itchyny/gojq"
)

// compile compiles a query as Firehose does, whose engine is the program jq 1.6
// (https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html). Package gojq is jq
// 1.7, whose @uri escapes more characters, so it is replaced by that of jq 1.6. A test compares with jq 1.6 itself.
func compile(text string) (*gojq.Code, error) {
	query, err := gojq.Parse(strings.ReplaceAll(text, "@uri", "uri_1_6"))
	if err != nil {
		return nil, fmt.Errorf("reading the query: %w", err)
	}
	code, err := gojq.Compile(query, gojq.WithFunction("uri_1_6", 0, 0, func(value any, _ []any) any {
		name, ok := value.(string)
		if !ok {
			return fmt.Errorf("@uri of a %T is not implemented", value)
		}
		return uri(name)
	}))
	if err != nil {
		return nil, fmt.Errorf("compiling the query: %w", err)
	}
	return code, nil
}

// uri escapes all except the unreserved characters of RFC 2396,
// https://github.com/jqlang/jq/blob/jq-1.6/src/builtin.c (f_format).
func uri(text string) string {
	const unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()"
	var b strings.Builder
	for i := range len(text) {
		if strings.IndexByte(unreserved, text[i]) >= 0 {
			b.WriteByte(text[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", text[i])
		}
	}
	return b.String()
}
