package stages

import (
	"cdcpipeline/rehearsal/standins/athena"
	"encoding/json"
	"fmt"
	"strings"
)

// withoutTombstones are the rows in the lines of a reader that are present, as the view of rows writes values, and how many others
// there are.
func withoutTombstones(lines []string) (rows []athena.Row, tombstones int, err error) {
	for _, line := range lines {
		var raw map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&raw); err != nil {
			return nil, 0, fmt.Errorf("its line: %w", err)
		}
		if gone, _ := raw["cdc_gone"].(bool); gone {
			tombstones++
			continue
		}
		row := athena.Row{}
		for name, value := range raw {
			switch {
			case strings.HasPrefix(name, "cdc_"), strings.HasPrefix(name, "_hoodie_"):
			case value == nil:
				row[name] = nil
			default:
				row[name] = plainTime(fmt.Sprint(value))
			}
		}
		rows = append(rows, row)
	}
	return rows, tombstones, nil
}

// plainTime is a time without the marks of ISO 8601; anything else is as it is.
func plainTime(text string) string {
	const form = "2006-01-02T15:04:05.000000Z"
	if len(text) == len(form) && text[10] == 'T' && strings.HasSuffix(text, "Z") {
		return text[:10] + " " + text[11:len(text)-1]
	}
	return text
}
