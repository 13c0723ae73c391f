// Package naming makes names that AWS takes out of those that people choose, such as a stack's.
package naming

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// Fit joins parts into a name of lower-case letters, digits and single hyphens, a letter first, of at most limit
// characters (at least 10). A name that is too long ends in a hash of all of it, so that two long names stay apart.
func Fit(limit int, parts ...string) string {
	whole := strings.Join(parts, "-")
	name := strings.Trim(unfit.ReplaceAllString(strings.ToLower(whole), "-"), "-")
	if name == "" || name[0] < 'a' {
		name = "cdc-" + name
	}
	name = strings.TrimSuffix(name, "-")
	if len(name) <= limit {
		return name
	}
	hash := Digest(whole)
	return strings.TrimRight(name[:limit-len(hash)-1], "-") + "-" + hash
}

// Digest is eight hexadecimal digits that change with the text.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:8]
}
