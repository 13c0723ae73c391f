// Command pulumi-resource-cdcpipeline is the plugin that makes the components available in all Pulumi languages. The
// Pulumi engine starts it.
package main

import (
	"cdcpipeline/provider"
	"fmt"
	"os"
)

// The linker sets version: -ldflags "-X main.version=1.2.3".
var version = "0.0.1-dev"

func main() {
	if err := provider.Serve(version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
