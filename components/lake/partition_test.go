package lake

import (
	"cdcpipeline/config"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrefixesSeparateRawChangesFromErrors(t *testing.T) {
	cfg := config.Lake{Prefix: "raw", ErrorPrefix: "errors"}

	require.Equal(t,
		"raw/schema=!{partitionKeyFromQuery:schema}/table=!{partitionKeyFromQuery:table}/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/",
		objectPrefix(cfg))
	require.Equal(t, "errors/lake/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/", errorPrefix(cfg))
}
