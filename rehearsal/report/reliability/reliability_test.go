package reliability

import (
	"cdcpipeline/rehearsal/report"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePageHasALineForEachFault(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "docs"), 0o755))
	page := Page{Machine: "linux/amd64, 2 cores", Date: "2026-11-29", Commits: []string{"abc1234", "def5678"}, Runs: []report.FaultRun{
		{Name: "database-killed", What: "The database is killed | and started again.", Written: 300, RecoveredSeconds: 4.25, Alarm: "cdc-behind", Fired: true},
		{Name: "half-a-record", What: "Half a record.", Written: 200, Parked: 1, RecoveredSeconds: 3},
	}}
	require.NoError(t, page.Write(dir))
	text, err := os.ReadFile(filepath.Join(dir, "docs", "reliability.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "Run on 2026-11-29, linux/amd64, 2 cores, commit abc1234 and def5678. 2 faults.")
	require.Contains(t, string(text), "| database killed | The database is killed \\| and started again. | 300 | 0 | 0 | 4.2 s | `cdc-behind` |\n")
	require.Contains(t, string(text), "| half a record | Half a record. | 200 | 0 | 1 | 3.0 s | none has to |\n")
	require.NotContains(t, string(text), "Not as it should be")
}

func TestThePageHidesNoFailure(t *testing.T) {
	text := Page{Runs: []report.FaultRun{{Name: "a-fault", What: "It broke.", Written: 10, Lost: 2, Alarm: "cdc-behind", Problem: "the lake\nhas too few"}}}.text()
	require.Contains(t, text, "| 10 | 2 | 0 | 0.0 s | `cdc-behind` stayed silent |")
	require.Contains(t, text, "Not as it should be:\n\n- fault a-fault: the lake has too few\n- fault a-fault: 2 of 10 changes were lost\n")
}
