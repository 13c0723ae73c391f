package family

import (
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
