package stores

import (
	"cdcpipeline/rehearsal/machine/artifact"
	"context"
	"fmt"
	"path/filepath"
)

// jqLibrary is a linux/amd64 library build of jq 1.6, which Firehose uses.
var jqLibrary = artifact.Artifact{
	Group: "com.arakelian", Name: "java-jq", Version: "1.3.0", Packaging: "jar",
	SHA256: "3130e0e0e927dc709bfb0c270fd7a95bbb10790e5fea5f73490b847ddefbe7ac",
}

// JQ is the file of jq 1.6's library, libjq.so.
func (s *Site) JQ(ctx context.Context) (string, error) {
	tree, err := s.Cache.Tree(ctx, "jq-"+jqLibrary.SHA256[:12], func(dir string) error {
		jar, err := s.Cache.Fetch(ctx, jqLibrary)
		if err != nil {
			return fmt.Errorf("getting jq: %w", err)
		}
		return artifact.Unzip(jar, "lib/linux-x86_64/", dir)
	})
	if err != nil {
		return "", fmt.Errorf("unpacking jq: %w", err)
	}
	return filepath.Join(tree, "libjq.so"), nil
}
