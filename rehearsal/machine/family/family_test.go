package family

import (
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessorTimeIsThatOfChildren(t *testing.T) {
	if runtime.GOOS != "linux" {
		require.Zero(t, Processor())
		return
	}
	busy := exec.Command("sh", "-c", "while :; do :; done")
	require.NoError(t, busy.Start())
	defer func() {
		_ = busy.Process.Kill()
		_ = busy.Wait()
	}()
	require.Eventually(t, func() bool { return Processor() > 50*time.Millisecond }, 30*time.Second, 10*time.Millisecond)
	require.Less(t, Processor(), 30*time.Second)
}

func TestEndKillsGrandchildrenWhoseParentIsGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		require.Zero(t, End())
		return
	}
	Adopt()
	require.NoError(t, exec.Command("sh", "-c", "sleep 600 & exit 0").Run())
	require.Eventually(t, func() bool { return len(members()) == 1 }, 5*time.Second, 10*time.Millisecond)
	require.Equal(t, 1, End())
	require.Eventually(t, func() bool { return len(members()) == 0 }, 5*time.Second, 10*time.Millisecond)
}
