package schema

import (
	"bytes"
	"cdcpipeline/rehearsal/engine"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Check compares the tests' assumptions with the plugins: the schema from which the OpenSearch SDK was generated, and
// the AWS plugin's inputs.
func Check(ctx context.Context, e engine.Engine, project string) error {
	search, inputs, err := ofPlugins(ctx, e)
	if err != nil {
		return err
	}
	committed, err := os.ReadFile(filepath.Join(project, "sdks", "opensearch", "schema.json"))
	if err != nil {
		return fmt.Errorf("reading the SDK's schema: %w", err)
	}
	if !bytes.Equal(search, committed) {
		return errors.New("sdks/opensearch/schema.json is not what the plugin says: run `make sdk`")
	}
	if !bytes.Equal(inputs, Committed()) {
		return errors.New("rehearsal/engine/schema/aws.json is not what the plugin says: run `make sdk`")
	}
	return nil
}

// Write regenerates both committed files.
func Write(ctx context.Context, e engine.Engine, project string) error {
	search, inputs, err := ofPlugins(ctx, e)
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{"sdks/opensearch/schema.json": search, "rehearsal/engine/schema/aws.json": inputs} {
		if err := os.WriteFile(filepath.Join(project, path), content, 0o644); err != nil { // a source file
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

// ofPlugins are the complete schema of the OpenSearch plugin and the inputs of the AWS plugin.
func ofPlugins(ctx context.Context, e engine.Engine) (search, inputs []byte, err error) {
	search, err = ask(ctx, e, "terraform-provider@"+engine.BridgePluginVersion, "opensearch-project/opensearch", engine.OpenSearchProviderVersion)
	if err != nil {
		return nil, nil, err
	}
	whole, err := ask(ctx, e, "aws@"+engine.AWSPluginVersion)
	if err != nil {
		return nil, nil, err
	}
	inputs, err = Reduce(whole)
	return search, inputs, err
}

// ask requests a plugin's schema.
func ask(ctx context.Context, e engine.Engine, plugin ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, e.CLI(), append([]string{"package", "get-schema"}, plugin...)...)
	cmd.Env = e.Environ()
	text, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("asking the plugin %s for its schema: %w: %s", plugin[0], err, exit.Stderr)
		}
		return nil, fmt.Errorf("asking the plugin %s for its schema: %w", plugin[0], err)
	}
	return text, nil
}
