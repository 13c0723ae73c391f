package dms

import (
	"cdcpipeline/rehearsal/servers"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(servers.Run(m)) }
