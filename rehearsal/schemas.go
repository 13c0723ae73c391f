package main

import (
	"bytes"
	"cdcpipeline/rehearsal/engine"
	"cdcpipeline/rehearsal/engine/schema"
	"cdcpipeline/rehearsal/report/progress"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// checkSchemas compares what the tests rely on with what the plugins say: the schema that the OpenSearch SDK was
// generated from, and the inputs that the AWS plugin knows.
func (r *rehearsal) checkSchemas(ctx context.Context) error {
	r.log.Detail("compare the plugins' schemas with the committed ones")
	search, err := r.schema(ctx, "terraform-provider@"+engine.BridgePluginVersion, "opensearch-project/opensearch", engine.OpenSearchProviderVersion)
	if err != nil {
		return err
	}
	committed, err := os.ReadFile(filepath.Join(r.project, "sdks", "opensearch", "schema.json"))
	if err != nil {
		return fmt.Errorf("reading the SDK's schema: %w", err)
	}
	if !bytes.Equal(search, committed) {
		return errors.New("sdks/opensearch/schema.json is not what the plugin says: run `make sdk`")
	}
	whole, err := r.schema(ctx, "aws@"+engine.AWSPluginVersion)
	if err != nil {
		return err
	}
	inputs, err := schema.Reduce(whole)
	if err != nil {
		return err
	}
	if !bytes.Equal(inputs, schema.Committed()) {
		return errors.New("rehearsal/engine/schema/aws.json is not what the plugin says: run `make sdk`")
	}
	return nil
}

// schemas builds the engine and writes both committed files.
func schemas(ctx context.Context) error {
	root, err := project()
	if err != nil {
		return err
	}
	r := &rehearsal{project: root, cache: filepath.Join(root, ".cache"), log: progress.New(os.Stderr)}
	return r.log.Run("schemas", func() error {
		var err error
		if r.engine, err = engine.Build(ctx, filepath.Join(root, "rehearsal", "engine", "source"), r.cache, func(step string) { r.log.Detail("%s", step) }); err != nil {
			return fmt.Errorf("building the engine: %w", err)
		}
		return r.writeSchemas(ctx)
	})
}

// writeSchemas writes both committed files anew.
func (r *rehearsal) writeSchemas(ctx context.Context) error {
	search, err := r.schema(ctx, "terraform-provider@"+engine.BridgePluginVersion, "opensearch-project/opensearch", engine.OpenSearchProviderVersion)
	if err != nil {
		return err
	}
	whole, err := r.schema(ctx, "aws@"+engine.AWSPluginVersion)
	if err != nil {
		return err
	}
	inputs, err := schema.Reduce(whole)
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{"sdks/opensearch/schema.json": search, "rehearsal/engine/schema/aws.json": inputs} {
		if err := os.WriteFile(filepath.Join(r.project, path), content, 0o644); err != nil { // a source file
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

func (r *rehearsal) schema(ctx context.Context, plugin ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, r.engine.CLI(), append([]string{"package", "get-schema"}, plugin...)...)
	cmd.Env = r.engine.Environ()
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
