package stages

import (
	"cdcpipeline/rehearsal/standins/athena"
	"encoding/json"
	"fmt"
	"strings"
)

// withoutTombstones returns the present rows in a reader's lines, with values as in the view of rows, and the number
// of tombstones.
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

// plainTime removes the marks of ISO 8601 from a time; any other text is unchanged.
func plainTime(text string) string {
	const form = "2006-01-02T15:04:05.000000Z"
	if len(text) == len(form) && text[10] == 'T' && strings.HasSuffix(text, "Z") {
		return text[:10] + " " + text[11:len(text)-1]
	}
	return text
}
