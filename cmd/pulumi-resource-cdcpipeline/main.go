// Command pulumi-resource-cdcpipeline is the plugin that gives the components to all languages of Pulumi. The engine starts it.
package main

import (
	"cdcpipeline/provider"
	"fmt"
	"os"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version = "0.0.1-dev"

func main() {
	if err := provider.Serve(version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
