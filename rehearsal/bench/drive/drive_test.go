package drive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// noter is a worker that records what it writes.
type noter struct {
	mu     sync.Mutex
	parts  []string
	closed int
	fails  string
}

func (n *noter) Write(_ context.Context, part []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if string(part) == n.fails {
		return errors.New("it broke")
	}
	n.parts = append(n.parts, string(part))
	return nil
}

func (n *noter) Close(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed++
	return nil
}

func parts(t *testing.T, all ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parts")
	texts := make([][]byte, len(all))
	for i := range all {
		texts[i] = []byte(all[i])
	}
	require.NoError(t, WriteParts(path, texts))
	return path
}

func TestPartsAreReadAsTheyWereWritten(t *testing.T) {
	read, err := ReadParts(parts(t, "one", "", "three\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"one", "", "three\n"}, []string{string(read[0]), string(read[1]), string(read[2])})
	_, err = ReadParts(parts(t))
	require.ErrorContains(t, err, "has none")
}

// Each worker writes the first part before the clock starts, and the others after it. The process ends after the
// parent has read its figures.
func TestAContenderWaitsForItsStart(t *testing.T) {
	in, tell := io.Pipe()
	said, out := io.Pipe()
	n, ended := &noter{}, make(chan error, 1)
	go func() { ended <- run(t.Context(), in, out, func(Task) (Worker, error) { return n, nil }) }()
	task, err := json.Marshal(Task{Workers: 2, Parts: parts(t, "first", "a", "b", "c")})
	require.NoError(t, err)
	lines := bufio.NewScanner(said)

	fmt.Fprintf(tell, "%s\n", task)
	require.True(t, lines.Scan())
	require.Equal(t, Ready, lines.Text())
	require.Equal(t, []string{"first", "first"}, n.parts)

	fmt.Fprintln(tell)
	require.True(t, lines.Scan())
	var f Figures
	require.NoError(t, json.Unmarshal(lines.Bytes(), &f))
	require.Positive(t, f.Allocations)
	require.ElementsMatch(t, []string{"first", "first", "a", "b", "c"}, n.parts)
	require.Equal(t, 2, n.closed)
	require.Empty(t, ended)
	require.NoError(t, tell.Close())
	require.NoError(t, <-ended)
}

func TestAFailureEndsTheRace(t *testing.T) {
	n := &noter{fails: "b"}
	err := race(t.Context(), []Worker{n}, [][]byte{[]byte("a"), []byte("b"), []byte("c")})
	require.ErrorContains(t, err, "it broke")
	require.Equal(t, []string{"a"}, n.parts)
}

func TestABatchThatComesAgainIsNotSettled(t *testing.T) {
	require.NoError(t, Settled([]byte(`{"batchItemFailures":[]}`), nil))
	require.ErrorContains(t, Settled([]byte(`{"batchItemFailures":[{"itemIdentifier":"7"}]}`), nil), "was not finished")
	require.ErrorContains(t, Settled(nil, errors.New("it broke")), "it broke")
}
