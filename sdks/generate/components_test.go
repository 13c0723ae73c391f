package main

import (
	"encoding/json"
	"os"
	"testing"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/stretchr/testify/require"
)

// The schema of our own plugin is one that Pulumi's generators take, for every language.
func TestTheSchemaOfTheComponentsIsPulumis(t *testing.T) {
	text, err := os.ReadFile("../../provider/schema.json")
	require.NoError(t, err)
	var spec schema.PackageSpec
	require.NoError(t, json.Unmarshal(text, &spec))
	spec.Version = "1.2.3"
	pkg, problems, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	require.NoError(t, err)
	require.Empty(t, problems)
	for _, r := range pkg.Resources {
		require.True(t, r.IsComponent, r.Token)
	}

	inGo, err := gogen.GeneratePackage("pulumi", pkg, nil)
	require.NoError(t, err)
	require.Contains(t, inGo, "cdcpipeline/stream/changeStream.go")
	inTypeScript, err := nodejs.GeneratePackage("pulumi", pkg, nil, nil, false, nil)
	require.NoError(t, err)
	require.Contains(t, string(inTypeScript["stream/changeStream.ts"]), "kmsKeyArn: pulumi.Input<string>")
	require.Contains(t, string(inTypeScript["types/input.ts"]), "shards?: number;", "what must be known is a plain value")
	inPython, err := python.GeneratePackage("pulumi", pkg, nil, nil)
	require.NoError(t, err)
	require.Contains(t, string(inPython["pulumi_cdcpipeline/stream/change_stream.py"]), "kms_key_arn: pulumi.Input[_builtins.str]")
}
