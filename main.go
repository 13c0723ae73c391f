// Command cdc-pipeline is the Pulumi program.
package main

import (
	"cdcpipeline/program"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(program.Deploy)
}
