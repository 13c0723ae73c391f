package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Language is what an example of one language came to: how many resources it made, how many a second deployment changed, and what was left
// in the account when it was destroyed.
type Language struct {
	Resources       int      `json:"resources"`
	SecondUpChanges int      `json:"second_up_changes"`
	Left            []string `json:"left"`
}

func (l Language) good() bool {
	return l.Resources > 0 && l.SecondUpChanges == 0 && l.Left != nil && len(l.Left) == 0
}

// languageProblems are those of the languages whose examples are reported.
func (r *Report) languageProblems() (p []string) {
	for _, path := range r.filled {
		if name, found := strings.CutPrefix(path, "languages."); found && !r.Languages[name].good() {
			p = append(p, fmt.Sprintf("an example of %s: %+v", name, r.Languages[name]))
		}
	}
	return p
}

// printLanguages prints the results of the languages that were rehearsed.
func (r *Report) printLanguages(row func(path string, value any)) {
	for _, name := range slices.Sorted(maps.Keys(r.Languages)) {
		l := r.Languages[name]
		row("languages."+name, fmt.Sprintf("%d resources, second_up_changes %d, left %s", l.Resources, l.SecondUpChanges, list(l.Left)))
	}
}
