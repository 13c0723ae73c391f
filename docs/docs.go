// Package docs holds what of the documentation programs read too.
package docs

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed permissions/deployer-*.json
var permissions embed.FS

// DeployerPolicies are the IAM policies that a deployment needs, as permissions.md shows them: ACCOUNT and REGION stand for
// the stack's, and names are the defaults of the configuration.
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
