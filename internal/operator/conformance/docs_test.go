package conformance_test

import (
	"bytes"
	"cdcpipeline/internal/operator/conformance"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/assumptions.md")

func TestThePageIsCurrent(t *testing.T) {
	file, want := filepath.Join(root, "docs", "assumptions.md"), page()
	if *update {
		require.NoError(t, os.WriteFile(file, want, 0o644))
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "stale: go generate ./internal/operator/conformance")
}

const intro = `<!-- Generated from internal/operator/conformance/assumptions.go by ` + "`go generate ./internal/operator/conformance`" + `: do not edit. -->
# What is assumed of AWS

AWS does not publish every detail of how DMS writes a record, where Firehose puts it, and what else they do. The project makes %d assumptions
about it. [` + "`cdc conformance`" + `](operations.md#see-what-aws-does) tests each of them in an account. In a rehearsal, stand-ins behave
as assumed. There each assumption is also broken once, to see that the command reports it.

A wrong assumption is one of these:

- **loud**: the current-state function parks the record with a reason. An alarm and ` + "`cdc status`" + ` report it. %d are loud.
- **harmless**: rows are the same, in the current index and in Athena's views. %d are harmless.
- **undetectable**: the pipeline continues, and only ` + "`cdc conformance`" + ` reports it. %d are undetectable. Run it once in an account, and again after a
  new version of DMS.

The tests %s show which are loud and which are harmless. Each has a part for each assumption.
`

var headings = map[conformance.Area]string{
	conformance.Tables: "Tables that are made and altered", conformance.Records: "Records", conformance.Order: "The order of changes", conformance.Values: "Values",
	conformance.Loads: "Loaded rows", conformance.History: "The history index", conformance.Lake: "The lake",
}

func page() []byte {
	counts, tests := map[conformance.Mark]int{}, []string{}
	all := conformance.Assumptions()
	for _, a := range all {
		counts[a.Mark]++
		for _, shown := range a.Shown {
			_, name, _ := strings.Cut(shown, "#")
			if name = "`" + name + "`"; !strings.Contains(strings.Join(tests, " "), name) {
				tests = append(tests, name)
			}
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, intro, len(all), counts[conformance.Loud], counts[conformance.Harmless], counts[conformance.Undetectable], strings.Join(tests, ", "))
	area := conformance.Area("")
	for _, a := range all {
		if a.Area != area {
			area = a.Area
			fmt.Fprintf(&out, "\n## %s\n\n| id | what is assumed | if it is wrong | then it is | what rests on it |\n|---|---|---|---|---|\n", headings[area])
		}
		places := make([]string, len(a.RestsOn))
		for i, place := range a.RestsOn {
			file, name, _ := strings.Cut(place, "#")
			places[i] = fmt.Sprintf("[`%s`](../%s)", name, file)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s |\n", a.ID, a.Text, a.IfWrong, a.Mark, strings.Join(places, ", "))
	}
	return out.Bytes()
}
