package main

import (
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/stretchr/testify/require"
)

// What our own schema says arrives in the languages.
func TestComponentsAreTypedInEveryLanguage(t *testing.T) {
	files, err := generate(folder)
	require.NoError(t, err)
	for file, has := range map[string]string{
		"nodejs/stream/changeStream.ts":                          "kmsKeyArn: pulumi.Input<string>",
		"nodejs/types/input.ts":                                  "shards?: number;", // what must be known is a plain value
		"nodejs/package.json":                                    `"version": "` + version + `"`,
		"python/pulumi_cdcpipeline/stream/change_stream.py":      "kms_key_arn: pulumi.Input[_builtins.str]",
		"python/pulumi_cdcpipeline/pulumi-plugin.json":           `"version": "` + version + `"`,
		"../provider/examples/stream.ChangeStream.ts":            "environment: cdcpipeline.config.Environment.Prod,",
		"../provider/examples/stream.ChangeStream.py":            `"retention_hours": 336,`,
		"opensearch/go/opensearch/pulumi-plugin.json":            "terraform-provider",
		"../provider/examples/replication.Replication.ts":        "dependsOn: [roles]",
		"python/pulumi_cdcpipeline/replication/account_roles.py": "class AccountRoles(pulumi.ComponentResource)",
	} {
		require.Contains(t, string(files[file]), has, file)
	}
}

func TestOurSchemaHasComponentsOnly(t *testing.T) {
	pkg, err := bind(filepath.Join(folder, components), released)
	require.NoError(t, err)
	for _, r := range pkg.Resources {
		require.True(t, r.IsComponent, r.Token)
	}
}

func TestAnExampleOfAnotherPackageIsRefused(t *testing.T) {
	_, err := ours{&schema.Package{Name: "cdcpipeline"}}.LoadPackageReference("aws", nil)
	require.ErrorContains(t, err, "an example uses the package aws: only cdcpipeline is known here")
}
