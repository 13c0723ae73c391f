package table

import (
	"strings"
	"unicode"
)

// Plain is a name as Athena takes it without quotes, as far as letters go: lower case, and an underscore for what is
// neither letter nor digit, https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
}
