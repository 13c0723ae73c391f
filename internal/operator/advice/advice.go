// Package advice makes advice name its source. Messages that tell a person to type a command or set a key are written
// for the unnamed source, which needs no name there.
package advice

import (
	"cdcpipeline/config"
	"regexp"
)

var (
	// command matches a cdc command that works on one source.
	command = regexp.MustCompile(`\bcdc (start|stop|replay|erase|verify|generate|conformance|(?:epoch|tables) [a-z]+|tunnel db)\b`)
	// key matches a configuration key that each source sets for itself.
	key = regexp.MustCompile(`\bsource\.(?:tables|rowsSince|schemaRevision|conformance)\b`)
)

// Of rewrites a text for a source. For the source orders, `cdc start` becomes `cdc start --source orders`, and
// source.tables becomes sources.orders.tables. If source is empty, Of returns the text unchanged.
func Of(source, text string) string {
	if source == "" {
		return text
	}
	text = command.ReplaceAllString(text, "cdc $1 --source "+source)
	return key.ReplaceAllStringFunc(text, config.Feed{Name: source}.Key)
}
