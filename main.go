// Command cdc-pipeline is the Pulumi program.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"cdcpipeline/components/pipeline"
)

func main() {
	pulumi.Run(pipeline.Deploy)
}
