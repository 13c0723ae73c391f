package engine

import (
	"cdcpipeline/rehearsal/engine/quick"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// YAMLHostVersion is that of the language host of YAML, which the module in yaml/ pins with the checksums of all that it is made of.
const YAMLHostVersion = "1.32.0"

// yamlHost is the command that the CLI looks for beside itself to run a program whose runtime is yaml.
const yamlHost = "pulumi-language-yaml"

// YAMLHost compiles the language host of YAML beside the CLI, which runs programs of YAML by it. An installed engine has brought its own.
func (e Engine) YAMLHost(ctx context.Context, project string) error {
	if e.Installed {
		return nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", filepath.Join(filepath.Dir(e.CLI()), yamlHost), "github.com/pulumi/pulumi-yaml/cmd/"+yamlHost)
	build.Dir = filepath.Join(project, "rehearsal", "engine", "yaml")
	build.Env = append(append(os.Environ(), "GOSUMDB=off", "GOWORK=off"), quick.Environ("-mod=readonly")...)
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s: %w: %s", yamlHost, err, tail(string(text), 20))
	}
	return nil
}
