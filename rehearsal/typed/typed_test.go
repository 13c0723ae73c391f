//go:build languages

package typed

import (
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/stores"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// programs lists the folders with hand-written and generated programs of each language. The key is the folder
// where they are checked. No folder has the name of a Python module, because mypy would treat the folder as that
// module's package.
var programs = map[string]map[string]string{
	".ts": {"program": "examples/typescript-pipeline", "pages": "provider/examples", ".": "rehearsal/stages/inline"},
	".py": {"search": "examples/python-search", "pages": "provider/examples", ".": "rehearsal/stages/inline"},
}

func newSite(t *testing.T) *stores.Site {
	t.Helper()
	site, err := stores.NewSite(filepath.Join(project, ".cache"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, site.Remove()) })
	return site
}

// gather copies the programs of a language into a folder and returns their paths there.
func gather(t *testing.T, dir, ending string) (all []string) {
	t.Helper()
	for _, to := range slices.Sorted(maps.Keys(programs[ending])) {
		found, err := filepath.Glob(filepath.Join(project, programs[ending][to], "*"+ending))
		require.NoError(t, err)
		require.NotEmptyf(t, found, "no %s in %s", ending, programs[ending][to])
		for _, path := range found {
			all = append(all, filepath.Join(to, filepath.Base(path)))
			copied(t, path, filepath.Join(dir, all[len(all)-1]))
		}
	}
	return all
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(t, err)
	written(t, to, string(text))
}

func written(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// says returns the output of a command that runs in a folder.
func says(t *testing.T, dir string, env []string, command ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	printed, err := cmd.CombinedOutput()
	return string(printed), err
}

func TestProgramsOfTypeScriptAreTyped(t *testing.T) {
	packages, err := newSite(t).PulumiNode(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, artifact.Clone(packages, dir))
	sdk := filepath.Join(dir, "sdks", "nodejs")
	require.NoError(t, artifact.Copy(filepath.Join(project, "sdks", "nodejs"), sdk))
	require.NoError(t, os.Symlink(sdk, filepath.Join(dir, "node_modules", "@pulumi", "cdcpipeline")))
	tsc := func(project string) (string, error) {
		return says(t, dir, nil, "node", "node_modules/typescript/bin/tsc", "--project", project)
	}
	printed, err := tsc("sdks/nodejs")
	require.NoError(t, err, printed)

	gather(t, dir, ".ts")
	copied(t, filepath.Join(project, "examples", "typescript-pipeline", "tsconfig.json"), filepath.Join(dir, "program", "tsconfig.json"))
	written(t, filepath.Join(dir, "tsconfig.json"), `{"extends": "./program/tsconfig.json", "include": ["*.ts", "program", "pages"]}`)
	printed, err = tsc(".")
	require.NoError(t, err, printed)

	written(t, filepath.Join(dir, "pages", "wrong.ts"), `import * as cdc from "@pulumi/cdcpipeline";
new cdc.stream.ChangeStream("x", { kmsKeyArn: "k", stream: { shard: 1 } });
new cdc.stream.ChangeStream("x", { kmsKeyArn: 7 });
new cdc.stream.ChangeStream("x", {});
`)
	printed, err = tsc(".")
	require.Error(t, err, "a program that is wrong is typed")
	require.Contains(t, printed, "Did you mean to write 'shards'?")
	require.Contains(t, printed, "Type 'number' is not assignable to type 'Input<string>'")
	require.Contains(t, printed, "Property 'kmsKeyArn' is missing")
}

func TestProgramsOfPythonAreTyped(t *testing.T) {
	python, err := newSite(t).PulumiPython(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	mypy := func(arguments ...string) (string, error) {
		env := []string{"MYPYPATH=" + filepath.Join(dir, "sdk") + string(os.PathListSeparator) + filepath.Join(dir, "search")}
		return says(t, dir, env, append([]string{python, "-m", "mypy", "--follow-imports", "silent"}, arguments...)...)
	}
	require.NoError(t, artifact.Copy(filepath.Join(project, "sdks", "python"), filepath.Join(dir, "sdk")))
	files := gather(t, dir, ".py")
	printed, err := mypy(append([]string{"--strict"}, files...)...)
	require.NoError(t, err, printed)

	written(t, filepath.Join(dir, "wrong.py"), `import pulumi_cdcpipeline as cdc

cdc.stream.ChangeStream("x", kms_key_arn="k", stream={"shard": 1})
cdc.stream.ChangeStream("x", kms_key_arn=7)
`)
	printed, err = mypy("--strict", "wrong.py")
	require.Error(t, err, "a program that is wrong is typed")
	require.Contains(t, printed, "wrong.py:3: error")
	require.Contains(t, printed, "wrong.py:4: error")
}
