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

How DMS writes a record, where Firehose puts it, and what they do beside is not all published. The project rests on %d assumptions
about it. [` + "`cdc conformance`" + `](operations.md#see-what-aws-does) tells of each whether it holds in an account; this project has been
rehearsed, where stand-ins do as is assumed, and where each assumption is also broken once, to see that the command tells it.

If one is wrong, it is

- **loud**: the current-state function parks the record with a reason, which an alarm and ` + "`cdc status`" + ` tell. %d are.
- **harmless**: rows are the same, in the current index and in Athena's views. %d are.
- **undetectable**: the pipeline goes on, and only ` + "`cdc conformance`" + ` tells. %d are. Run it once in an account, and again after a
  new version of DMS.

The tests %s show what is loud and what is harmless, each with a part for each assumption.
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
