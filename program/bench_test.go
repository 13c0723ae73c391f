package program_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/program"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// BenchmarkProgram is what the program does for a preview, without the engine: it reads the configuration, sees that the functions are compiled, declares
// all resources of the stack dev and writes its outputs.
func BenchmarkProgram(b *testing.B) {
	b.Chdir("..")
	b.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	preview := func() {
		require.NoError(b, pulumi.RunErr(program.Deploy, pulumi.WithMocks("cdc-pipeline", "dev", componenttest.ExistingVpc{Recorder: &componenttest.Recorder{}}), func(info *pulumi.RunInfo) {
			info.DryRun, info.Config = true, map[string]string{config.Namespace + ":environment": "dev", "aws:region": "us-east-1"}
		}))
	}
	preview() // compiles the functions, once
	b.ReportAllocs()
	for b.Loop() {
		preview()
	}
}
