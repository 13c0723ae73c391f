package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type module struct {
	Path, Version string
	Replace       *struct{ Path, Version, Dir string }
	Dir           string
}

// modules is every module that the program is built from.
func modules(t *testing.T, dir string) []module {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-json", "all")
	cmd.Dir = dir
	text, err := cmd.Output()
	require.NoError(t, err)
	var all []module
	for d := json.NewDecoder(strings.NewReader(string(text))); d.More(); {
		var m module
		require.NoError(t, d.Decode(&m))
		all = append(all, m)
	}
	return all
}

// The CLI's Go host takes every module github.com/pulumi/pulumi-NAME for a plugin to download, but for pulumi-cloud-sdk:
// Pulumi's own SDK needs that one since 3.268.0, so the CLI of that version must pass it over (requiredPulumiVersion).
func TestNoModuleIsMistakenForAPlugin(t *testing.T) {
	plugins := map[string]bool{
		"github.com/pulumi/pulumi-cloud-sdk/go": true,
		"github.com/pulumi/pulumi-aws/sdk/v6":   true, "github.com/pulumi/pulumi-random/sdk/v4": true, "github.com/pulumi/pulumi-opensearch/sdk/v2": true,
	}
	text, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "require ")
		path, _, _ := strings.Cut(line, " ")
		if strings.HasPrefix(path, "github.com/pulumi/pulumi-") {
			require.Truef(t, plugins[path], "go.mod requires %s: `pulumi up` would try to download a plugin of that name", path)
		}
	}
}

// The CLI's Go host finds the OpenSearch plugin through this file, below the folder that replaces the module.
func TestTheOpenSearchSDKNamesItsPlugin(t *testing.T) {
	var found string
	for _, m := range modules(t, ".") {
		if m.Path == "github.com/pulumi/pulumi-opensearch/sdk/v2" {
			found = m.Replace.Dir
			if found == "" {
				found = m.Dir
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(found, "go", "opensearch", "pulumi-plugin.json"))
	require.NoError(t, err)
	var plugin struct {
		Resource         bool
		Name, Version    string
		Parameterization struct{ Name, Version string }
	}
	require.NoError(t, json.Unmarshal(text, &plugin))
	require.True(t, plugin.Resource)
	require.Equal(t, "terraform-provider 1.1.3", plugin.Name+" "+plugin.Version)
	require.Equal(t, "opensearch 2.3.2", plugin.Parameterization.Name+" "+plugin.Parameterization.Version)
}

// consumers are programs of somebody else's: one uses a component, one the whole pipeline and builds upon it.
var consumers = map[string]string{
	"a component": `package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"cdcpipeline/components/stream"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := stream.NewChangeStream(ctx, "changes", &stream.ChangeStreamArgs{KmsKeyArn: pulumi.String("arn:aws:kms:us-east-1:123456789012:key/x")})
		return err
	})
}
`,
	"the pipeline": `package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		code := pulumi.NewFileArchive("function.zip")
		p, err := pipeline.New(ctx, "orders", &pipeline.Args{
			Config: config.Config{Environment: config.Prod, Search: config.Search{Reach: config.ReachDirect}},
			Code: feed.Code{Bootstrap: code, Rotation: code, CurrentState: code, Canary: code},
		})
		if err != nil {
			return err
		}
		_, err = p.Access.Grant("analyst", pulumi.String("arn:aws:iam::123456789012:role/analyst"), search.Permissions{
			Indices: []search.IndexPermissions{{Patterns: []string{"retail-trans*"}, Actions: []string{"read"}}},
		})
		ctx.Export("stream", p.Feeds[0].Stream.Arn)
		return err
	})
}
`,
}

func TestAnotherProgramBuildsWithOneReplaceMore(t *testing.T) {
	root, err := os.Getwd()
	require.NoError(t, err)
	dir := t.TempDir()
	own, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	_, requirements, found := strings.Cut(string(own), "./sdks/opensearch")
	require.True(t, found)
	gomod := "module example.com/consumer\n\ngo 1.26\n\nrequire cdcpipeline v0.0.0\n\n" +
		"replace cdcpipeline => " + root + "\n\n" +
		"replace github.com/pulumi/pulumi-opensearch/sdk/v2 => " + root + "/sdks/opensearch\n" + requirements
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(gomod), 0o600))
	sum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o600))
	for name, text := range consumers {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o600))
		cmd := exec.Command("go", "build", "-mod=mod", "-o", os.DevNull, ".")
		cmd.Dir = dir
		printed, err := cmd.CombinedOutput()
		require.NoErrorf(t, err, "%s: %s", name, printed)
	}
}
