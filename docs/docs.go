// Package docs embeds the parts of the documentation that programs read. Its test checks the links of every page.
package docs

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed permissions/deployer-*.json
var permissions embed.FS

// DeployerPolicies returns the IAM policies that a deployment needs, one document each, as permissions.md shows them. ACCOUNT and
// REGION stand for the stack's own. Names are the defaults of the configuration.
func DeployerPolicies() ([][]byte, error) {
	files, err := fs.Glob(permissions, "permissions/*.json")
	if err != nil {
		return nil, fmt.Errorf("finding the policies: %w", err)
	}
	var all [][]byte
	for _, file := range files {
		text, err := permissions.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the policies: %w", err)
		}
		all = append(all, text)
	}
	return all, nil
}
