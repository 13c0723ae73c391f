package stores

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAServerThatIsStartedAgainHasAFolderOfItsOwn(t *testing.T) {
	s := &Site{Dir: t.TempDir()}
	for _, want := range []string{"trino", "trino-2", "trino-3"} {
		dir, err := s.folder("trino")
		require.NoError(t, err)
		require.Equal(t, filepath.Join(s.Dir, want), dir)
	}
	_, err := (&Site{Dir: filepath.Join(s.Dir, "none")}).folder("trino")
	require.ErrorContains(t, err, "making the folder of trino")
}
