package conformance_test

import (
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/operator/conformance/conformancetest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the path of the project's root.
const root = "../../.."

func TestEveryAssumptionIsWholeAndHasAnIDOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	areas := []conformance.Area{conformance.Tables, conformance.Records, conformance.Order, conformance.Values, conformance.Loads, conformance.History, conformance.Lake}
	last := 0
	for _, a := range conformance.Assumptions() {
		require.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, a.ID)
		require.Falsef(t, seen[a.ID], "two assumptions are called %s", a.ID)
		seen[a.ID] = true
		for _, text := range []string{a.Text, a.IfWrong} {
			require.Regexp(t, `[.…]$`, text, a.ID)
			require.NotContains(t, text, "|", a.ID)
		}
		at := -1
		for i, area := range areas {
			if area == a.Area {
				at = i
			}
		}
		require.GreaterOrEqual(t, at, last, "%s: assumptions stand by area", a.ID)
		last = at
		require.NotEmpty(t, a.RestsOn, a.ID)
		if a.Mark == conformance.Undetectable {
			require.Empty(t, a.Shown, "%s: what only this command tells is shown by no test of the pipeline", a.ID)
			continue
		}
		require.Contains(t, []conformance.Mark{conformance.Loud, conformance.Harmless}, a.Mark, a.ID)
		require.NotEmpty(t, a.Shown, a.ID)
	}
	require.GreaterOrEqual(t, len(seen), 25)
}

func TestWhatRestsOnAnAssumptionIsThere(t *testing.T) {
	for _, a := range conformance.Assumptions() {
		for _, place := range a.RestsOn {
			file, name, found := strings.Cut(place, "#")
			require.True(t, found, place)
			text, err := os.ReadFile(filepath.Join(root, file))
			require.NoError(t, err, a.ID)
			require.Regexp(t, `\b`+regexp.QuoteMeta(name)+`\b`, string(text), "%s: %s", a.ID, place)
		}
	}
}

func TestTheTestsThatShowAMarkAreThere(t *testing.T) {
	for _, a := range conformance.Assumptions() {
		for _, shown := range a.Shown {
			folder, name, _ := strings.Cut(shown, "#")
			files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
			require.NoError(t, err)
			found := false
			for _, file := range files {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				found = found || strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)")
			}
			require.Truef(t, found, "%s: there is no test %s", a.ID, shown)
		}
	}
}

func TestEveryAssumptionIsBrokenInOneWay(t *testing.T) {
	breaks := conformancetest.Breaks()
	for _, a := range conformance.Assumptions() {
		require.Contains(t, breaks, a.ID)
		delete(breaks, a.ID)
	}
	require.Empty(t, breaks, "breaks of no assumption")
}

func TestAssumptionsAreNamedByTheirIDs(t *testing.T) {
	all, unknown := conformance.Named()
	require.Len(t, all, len(conformance.Assumptions()))
	require.Empty(t, unknown)
	some, unknown := conformance.Named("lake-hour", "no-such", "names")
	require.Equal(t, []string{"no-such"}, unknown)
	require.Equal(t, []string{"names", "lake-hour"}, []string{some[0].ID, some[1].ID})
}
