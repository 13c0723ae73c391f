package table

import (
	"strings"
	"unicode"
)

// Plain is a name that Athena accepts without quotes: lower case, with an underscore for each character that is
// neither letter nor digit, https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
}
