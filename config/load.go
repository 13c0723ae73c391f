package config

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Namespace is the prefix of every key in the stack's configuration: the project's name.
const Namespace = "cdc-pipeline"

// Load reads the configuration of the stack that is being deployed, and the files that it names. File paths are
// relative to the project.
//
// A program that the Automation API runs inline receives only the values that it asks for. There, Load cannot see
// an unknown key beside the sections. It always refuses an unknown key within a section.
func Load(ctx *pulumi.Context) (Config, error) {
	values := map[string]string{}
	var secrets []string
	for _, key := range append(stackKeys(), topLevel()...) {
		full := Namespace + ":" + key
		if value, ok := ctx.GetConfig(full); ok {
			values[key] = value
		}
		if ctx.IsConfigSecret(full) {
			secrets = append(secrets, key)
		}
	}
	c, err := ParseFor(ctx.Stack(), values, secrets)
	if err != nil {
		return Config{}, err
	}
	if err := c.CheckFiles(os.ReadFile); err != nil {
		return Config{}, err
	}
	return c, nil
}

// stackKeys returns the keys of our namespace that the CLI passes to a program. Without a CLI it returns none.
func stackKeys() []string {
	var all map[string]string
	if err := json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &all); err != nil {
		return nil
	}
	var keys []string
	for full := range all {
		if key, ours := strings.CutPrefix(full, Namespace+":"); ours {
			keys = append(keys, key)
		}
	}
	return keys
}

// topLevel returns the sections, and every other key in the form that `pulumi config set` stores without --path.
func topLevel() []string {
	keys := sections()
	for _, field := range fields(Config{}) {
		keys = append(keys, field.key)
	}
	return keys
}

// CheckFiles returns an error for each configured file that cannot be read or used. Paths are relative to the
// project.
func (c Config) CheckFiles(read func(string) ([]byte, error)) error {
	var p problems
	check := func(key, file string, usable func([]byte) error) {
		text, err := read(file)
		if err == nil {
			err = usable(text)
		}
		if pathError := (*os.PathError)(nil); errors.As(err, &pathError) {
			err = pathError.Err
		}
		if err != nil {
			p.add(key, "%s: %w (paths are relative to the project's folder)", file, err)
		}
	}
	for _, f := range c.Feeds() {
		for i, file := range f.Source.SchemaFiles {
			check(f.Key(fmt.Sprintf("source.schemaFiles[%d]", i)), file, holdsText)
		}
		if f.Source.CaFile != "" {
			check(f.Key("source.caFile"), f.Source.CaFile, holdsCertificates)
		}
	}
	return p.join()
}

func holdsText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" {
		return errors.New("is empty: write SQL statements into it")
	}
	return nil
}

func holdsCertificates(text []byte) error {
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return errors.New("contains no PEM certificate")
	}
	return nil
}
