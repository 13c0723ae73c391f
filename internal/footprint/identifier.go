package footprint

import "cdcpipeline/internal/naming"

// maxIdentifier leaves room for suffixes in a replication instance's 63 characters, the shortest limit among DMS's ids.
const maxIdentifier = 46

// Identifier joins parts into what DMS takes as an id. DMS keeps ids unique per account and region, so project and stack
// belong in it.
func Identifier(parts ...string) string { return naming.Fit(maxIdentifier, parts...) }
