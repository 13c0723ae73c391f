// Command cdc-pipeline is the Pulumi program.
package main

import (
	"cdcpipeline/components/pipeline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(pipeline.Deploy)
}
