package stores

import (
	"cdcpipeline/rehearsal/machine/artifact"
	"context"
	"fmt"
)

// Fetch downloads and unpacks the servers in advance; tell is called with each when it begins. It does not download
// what is in the cache.
func Fetch(ctx context.Context, cacheDir string, tell func(what string)) error {
	cache, err := artifact.NewCache(cacheDir)
	if err != nil {
		return fmt.Errorf("opening the cache: %w", err)
	}
	s := &Site{Cache: cache}
	for _, server := range []struct {
		what  string
		fetch func(context.Context) (string, error)
	}{
		{"OpenSearch " + OpenSearchVersion, s.openSearchTree},
		{"MariaDB " + MariaDBVersion, s.mariaDBTree},
		{"moto " + MotoVersion, s.Python},
	} {
		tell("fetch " + server.what)
		if _, err := server.fetch(ctx); err != nil {
			return fmt.Errorf("fetching %s: %w", server.what, err)
		}
	}
	return nil
}
