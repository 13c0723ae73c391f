// Package naming turns names that people choose, such as a stack's, into names that AWS accepts.
package naming

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// Fit joins parts into a name of lower-case letters, digits and single hyphens, starting with a letter, of at most
// limit characters (at least 10). A longer name ends in a hash of the full name, so that two long names stay
// different.
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

// Digest is eight hexadecimal digits that depend on the text.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:8]
}
