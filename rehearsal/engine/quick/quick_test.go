package quick

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEverybodyCompilesAlike(t *testing.T) {
	for _, file := range []string{"Makefile", "rehearsal/start"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", file))
		require.NoError(t, err)
		require.Contains(t, string(text), flags, file)
	}
}
