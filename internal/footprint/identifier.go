package footprint

import "cdcpipeline/internal/naming"

// maxIdentifier leaves room for suffixes in a replication instance's 63 characters, the shortest limit of DMS's ids.
const maxIdentifier = 46

// Identifier joins parts into an id that DMS accepts. DMS's ids are unique per account and region, so include project
// and stack.
func Identifier(parts ...string) string { return naming.Fit(maxIdentifier, parts...) }
