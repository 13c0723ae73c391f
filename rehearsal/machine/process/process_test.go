package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const soon = 5 * time.Second

// shell runs a script as a process. The script may write a process id to the file $PID.
func shell(ctx context.Context, t *testing.T, script string, grace time.Duration) (*Process, string) {
	t.Helper()
	dir := t.TempDir()
	pid := filepath.Join(dir, "pid")
	p, err := Start(ctx, Command{
		Name: "shell", Path: "/bin/sh", Args: []string{"-c", script}, Env: append(os.Environ(), "PID="+pid), Dir: dir, Log: filepath.Join(dir, "log"), Grace: grace,
	})
	require.NoError(t, err)
	t.Cleanup(p.Stop)
	return p, pid
}

func readPID(t *testing.T, file string) int {
	t.Helper()
	var pid int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(file)
		if err != nil || !strings.HasSuffix(string(text), "\n") {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	}, soon, 10*time.Millisecond)
	return pid
}

// alive is false for zombies too, because a container may have nobody who collects orphans.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func requireGone(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool { return !alive(pid) }, soon, 10*time.Millisecond, "process %d is alive", pid)
}

func TestStopEndsWhatTheProcessStarted(t *testing.T) {
	p, pid := shell(t.Context(), t, "sleep 600 & echo $! > $PID; wait", soon)
	grandchild := readPID(t, pid)
	p.Stop()
	p.Stop()
	require.NoError(t, p.Err())
	requireGone(t, p.PID())
	requireGone(t, grandchild)
}

func TestStopEndsWhoDoesNotListen(t *testing.T) {
	p, pid := shell(t.Context(), t, "trap '' TERM; echo $$ > $PID; while :; do sleep 0.05; done", 100*time.Millisecond)
	readPID(t, pid)
	p.Stop()
	requireGone(t, p.PID())
}

func TestKillAsksNobodyAndSparesNothing(t *testing.T) {
	asked := filepath.Join(t.TempDir(), "asked")
	p, pid := shell(t.Context(), t, "trap 'echo > "+asked+"' TERM; sleep 600 & echo $! > $PID; wait; sleep 600", soon)
	grandchild := readPID(t, pid)
	p.Kill()
	require.NoError(t, p.Err())
	requireGone(t, p.PID())
	requireGone(t, grandchild)
	require.NoFileExists(t, asked)
	p.Stop()
}

func TestEndOfTheContextEndsTheProcess(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, pid := shell(ctx, t, "sleep 600 & echo $! > $PID; wait", soon)
	grandchild := readPID(t, pid)
	cancel()
	<-p.Done()
	require.NoError(t, p.Err())
	requireGone(t, grandchild)
}

func TestOrphansEndWithTheirParent(t *testing.T) {
	p, pid := shell(t.Context(), t, "sleep 600 & echo $! > $PID; exit 3", soon)
	orphan := readPID(t, pid)
	<-p.Done()
	require.ErrorContains(t, p.Err(), "exit status 3")
	requireGone(t, orphan)
	p.Stop()
}

func TestEarlyEndIsReportedWithTheLog(t *testing.T) {
	p, _ := shell(t.Context(), t, "echo the port is taken >&2; exit 1", soon)
	err := p.WaitReady(t.Context(), soon, func(context.Context) error { return errors.New("not yet") })
	require.ErrorContains(t, err, "shell ended by itself (exit status 1)")
	require.ErrorContains(t, err, "the port is taken")
}

func TestSlowStartIsReportedWithTheProbesAnswer(t *testing.T) {
	p, pid := shell(t.Context(), t, "echo still loading; echo $$ > $PID; sleep 600", soon)
	readPID(t, pid)
	err := p.WaitReady(t.Context(), 50*time.Millisecond, func(context.Context) error { return errors.New("connection refused") })
	require.ErrorContains(t, err, "connection refused")
	require.ErrorContains(t, err, "still loading")
}

func TestInterruptedWaitSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, _ := shell(ctx, t, "sleep 600", soon)
	err := p.WaitReady(ctx, time.Hour, func(context.Context) error {
		cancel()
		return errors.New("connection refused")
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NotContains(t, err.Error(), "1h")
}

func TestReadyProcessIsWaitedFor(t *testing.T) {
	p, _ := shell(t.Context(), t, "sleep 600", soon)
	tries := 0
	require.NoError(t, p.WaitReady(t.Context(), soon, func(context.Context) error {
		if tries++; tries < 3 {
			return errors.New("not yet")
		}
		return nil
	}))
	require.Equal(t, 3, tries)
}

func TestMissingProgramIsNamed(t *testing.T) {
	_, err := Start(t.Context(), Command{Name: "ghost", Path: "/no/such/program", Log: filepath.Join(t.TempDir(), "log")})
	require.ErrorContains(t, err, "starting ghost")
}

// TestHelperThatIsKilled is the rehearsal in the test below; alone it does nothing.
func TestHelperThatIsKilled(t *testing.T) {
	log := os.Getenv("PROCESS_TEST_LOG")
	if log == "" {
		return
	}
	_, err := Start(context.Background(), Command{Name: "child", Path: "/bin/sh", Args: []string{"-c", "echo $$; exec sleep 600"}, Log: log})
	require.NoError(t, err)
	time.Sleep(time.Hour)
}

func TestProcessEndsWithAKilledRehearsal(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("only Linux tells children of their parent's death")
		return
	}
	log := filepath.Join(t.TempDir(), "log")
	helper := exec.Command(os.Args[0], "-test.run=^TestHelperThatIsKilled$")
	helper.Env = append(os.Environ(), "PROCESS_TEST_LOG="+log)
	require.NoError(t, helper.Start())
	child := readPID(t, log)
	require.True(t, alive(child))
	require.NoError(t, helper.Process.Kill())
	_ = helper.Wait()
	requireGone(t, child)
}
