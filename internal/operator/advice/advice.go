// Package advice has what a person is told to type or to set say which source is meant. All messages are written for the unnamed source,
// whose commands and keys need no name.
package advice

import (
	"cdcpipeline/config"
	"regexp"
)

var (
	// command of cdc that works on one source.
	command = regexp.MustCompile(`\bcdc (start|stop|replay|erase|verify|generate|conformance|(?:epoch|tables) [a-z]+|tunnel db)\b`)
	// key of the configuration that a source has for itself.
	key = regexp.MustCompile(`\bsource\.(?:tables|rowsSince|schemaRevision|conformance)\b`)
)

// Of is a text about a source: `cdc start` in it is `cdc start --source orders` for the source orders, source.tables is
// sources.orders.tables. One about the unnamed source, whose name is empty, is as it is.
func Of(source, text string) string {
	if source == "" {
		return text
	}
	text = command.ReplaceAllString(text, "cdc $1 --source "+source)
	return key.ReplaceAllStringFunc(text, config.Feed{Name: source}.Key)
}
