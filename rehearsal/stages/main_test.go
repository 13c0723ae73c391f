package stages

import (
	"cdcpipeline/rehearsal/stores/storestest"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(storestest.Run(m)) }
