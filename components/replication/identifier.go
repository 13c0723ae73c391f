package replication

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// maxIdentifier leaves room for suffixes in a replication instance's 63 characters, the shortest limit among DMS's ids.
const maxIdentifier = 46

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// identifier joins parts into what DMS takes as an id: lower-case letters, digits and single hyphens, letter first.
// DMS keeps ids unique per account and region, so project and stack belong in it; what is too long ends in a hash.
func identifier(parts ...string) string {
	whole := strings.Join(parts, "-")
	id := strings.Trim(unfit.ReplaceAllString(strings.ToLower(whole), "-"), "-")
	if id == "" || id[0] < 'a' {
		id = "cdc-" + id
	}
	id = strings.TrimSuffix(id, "-")
	if len(id) <= maxIdentifier {
		return id
	}
	hash := digest(whole)
	return strings.TrimRight(id[:maxIdentifier-len(hash)-1], "-") + "-" + hash
}

// digest is eight characters that change with the text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:8]
}
