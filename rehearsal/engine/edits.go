package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// addLargeIntegers adds useLargeIntegerValue, which is newer than 5.82.2, to a DMS endpoint's Kinesis settings.
func addLargeIntegers(provider string) error {
	return rewrite(filepath.Join(provider, "internal/service/dms/endpoint.go"), func(text string) (string, error) {
		schema := func(name string) string {
			return "\t\t\t\t\t\t\"" + name + "\": {\n\t\t\t\t\t\t\tType:     schema.TypeBool,\n\t\t\t\t\t\t\tOptional: true,\n\t\t\t\t\t\t\tDefault:  false,\n\t\t\t\t\t\t},\n"
		}
		var err error
		for _, edit := range []struct{ after, add string }{
			{schema("partition_include_schema_table"), schema("use_large_integer_value")},
			{
				"\t\tapiObject.PartitionIncludeSchemaTable = aws.Bool(v)\n\t}\n",
				"\n\tif v, ok := tfMap[\"use_large_integer_value\"].(bool); ok {\n\t\tapiObject.UseLargeIntegerValue = aws.Bool(v)\n\t}\n",
			},
			{
				"\t\ttfMap[\"partition_include_schema_table\"] = aws.ToBool(v)\n\t}\n",
				"\n\tif v := apiObject.UseLargeIntegerValue; v != nil {\n\t\ttfMap[\"use_large_integer_value\"] = aws.ToBool(v)\n\t}\n",
			},
		} {
			if text, err = insertAfterLast(text, edit.after, edit.add); err != nil {
				return "", err
			}
		}
		return text, nil
	})
}

// followEngine adds the argument that the newer engine requires to the bridge's calls: the last one of NewContext,
// the environment of cloud credentials, which is empty in a plugin.
func followEngine(bridge string) error {
	const before, after = "cwd, nil, false, nil", "cwd, nil, false, nil, nil"
	for _, file := range []string{"pkg/tf2pulumi/convert/eject.go", "pkg/tfgen/generate.go"} {
		err := rewrite(filepath.Join(bridge, file), func(text string) (string, error) {
			return replaceEach(text, [][2]string{{before, after}})
		})
		if err != nil {
			return fmt.Errorf("adapting the bridge: %w", err)
		}
	}
	return nil
}

func insertAfterLast(text, anchor, addition string) (string, error) {
	i := strings.LastIndex(text, anchor)
	if i < 0 {
		return "", fmt.Errorf("the source has no %q", strings.TrimSpace(anchor))
	}
	i += len(anchor)
	return text[:i] + addition + text[i:], nil
}

func rewrite(path string, edit func(string) (string, error)) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	text, err := edit(string(content))
	if err != nil {
		return fmt.Errorf("editing %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// lookAtOnce removes waits from the AWS provider that AWS needs but a stand-in does not: before the first check of a
// new resource (30 s for a database, ten minutes for a domain), and the seconds between checks.
func lookAtOnce(sdk string) error {
	return rewrite(filepath.Join(sdk, "helper", "retry", "state.go"), func(text string) (string, error) {
		return replaceEach(text, [][2]string{
			{"\tnotfoundTick := 0\n", "\tconf.Delay, conf.MinTimeout, conf.PollInterval = 0, 0, 0\n\tnotfoundTick := 0\n"},
			{"wait > 10*time.Second", "wait > time.Second"},
			{"wait = 10 * time.Second", "wait = time.Second"},
		})
	})
}

// replaceEach replaces texts that must occur exactly once.
func replaceEach(text string, edits [][2]string) (string, error) {
	for _, edit := range edits {
		if strings.Count(text, edit[0]) != 1 {
			return "", fmt.Errorf("the source has not one %q", strings.TrimSpace(edit[0]))
		}
		text = strings.Replace(text, edit[0], edit[1], 1)
	}
	return text, nil
}
