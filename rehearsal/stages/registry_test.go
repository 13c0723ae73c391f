package stages

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAConflictIsFoundInMotosLog(t *testing.T) {
	for line, want := range map[string]bool{
		"127.0.0.1 - - [29/Nov/2026 07:06:49] \"\x1b[35m\x1b[1mPUT /cdc-lake/registry/current/shop-ledger.json?x-id=PutObject HTTP/1.1\x1b[0m\" 409 -\n": true,
		"127.0.0.1 - - [29/Nov/2026 07:06:49] \"PUT /cdc-lake/registry/current/shop-ledger.json?x-id=PutObject HTTP/1.1\" 409 -\n":                       true,
		"127.0.0.1 - - [29/Nov/2026 07:06:49] \"PUT /cdc-lake/registry/current/shop-ledger.json?x-id=PutObject HTTP/1.1\" 412 -\n":                       false,
		"127.0.0.1 - - [29/Nov/2026 07:06:49] \"PUT /cdc-lake/tables/a/b HTTP/1.1\" 409 -\n":                                                             false,
	} {
		require.Equal(t, want, conflict.MatchString(line), line)
	}
}
