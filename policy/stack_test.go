package main_test

import (
	"cdcpipeline/config"
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/exception"
	"cdcpipeline/policy/mutation"
	"cdcpipeline/policy/rules"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// today is a day on which dev's exceptions are valid.
func today() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// serve starts the pack in this process with an environment's configuration.
func serve(t *testing.T, environment string) *mutation.Analyzer {
	t.Helper()
	a, err := mutation.Serve(t.Context(), "", nil, today)
	require.NoError(t, err)
	if environment != "" {
		require.NoError(t, a.ConfigureFile(t.Context(), environment+".json"))
	}
	return a
}

func broken(t *testing.T, a *mutation.Analyzer, s capture.Stack) []string {
	t.Helper()
	violations, err := a.Look(context.WithoutCancel(t.Context()), s, nil)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, v := range violations {
		names[v.Rule] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func TestEveryEnvironmentKeepsTheRules(t *testing.T) {
	for name, cfg := range environments {
		t.Run(name, func(t *testing.T) {
			a := serve(t, name)
			for when, s := range map[string]capture.Stack{"at the first preview": first(t, cfg), "when deployed": deployed(t, cfg)} {
				require.Empty(t, broken(t, a, s), when)
			}
		})
	}
}

// To add a stack that a real engine saw, run the engine with CDC_POLICY_CAPTURE and put the file into testdata as
// ENVIRONMENT-WHEN.json.
func TestStacksOfARealEngineKeepTheRules(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	for _, file := range files {
		s, err := capture.Read(file)
		require.NoError(t, err)
		environment, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), "-")
		a := serve(t, environment)
		require.Empty(t, broken(t, a, s), file)
		if environment == "prod" {
			result, err := mutation.Run(t.Context(), a, s, mutation.All())
			require.NoError(t, err, file)
			require.Equal(t, result.Rules, result.Caught, file)
		}
	}
}

func TestProdHasNoException(t *testing.T) {
	text, err := os.ReadFile("prod.json")
	require.NoError(t, err)
	require.JSONEq(t, `{"exceptions": {"allow": []}}`, string(text))
}

func TestEveryExceptionOfDevIsNeeded(t *testing.T) {
	text, err := os.ReadFile("dev.json")
	require.NoError(t, err)
	var file struct{ Exceptions map[string]any }
	require.NoError(t, json.Unmarshal(text, &file))
	list, err := exception.Parse(file.Exceptions, ruleNames())
	require.NoError(t, err)
	a := serve(t, "")
	collections := config.Config{Search: config.Search{Kind: config.OnCollections}}
	for name, look := range map[string]func(*testing.T, config.Config) capture.Stack{"first": first, "deployed": deployed} {
		var violations []mutation.Violation
		for _, cfg := range []config.Config{environments["dev"], collections} {
			found, err := a.Look(t.Context(), look(t, cfg), nil)
			require.NoError(t, err)
			violations = append(violations, found...)
		}
		for _, e := range list {
			needed := slices.ContainsFunc(violations, func(v mutation.Violation) bool {
				return exception.List{e}.Allows(v.Rule, v.URN, v.URN[strings.LastIndex(v.URN, ":")+1:], today())
			})
			require.True(t, needed, "%s: nothing breaks %s that %s would allow", name, e.Rule, e.Resource)
		}
	}
}

func ruleNames() []string {
	var names []string
	for _, r := range rules.All() {
		names = append(names, r.Name)
	}
	return names
}

func TestEveryRuleNoticesItsMutationAlone(t *testing.T) {
	s := deployed(t, environments["prod"])
	result, err := mutation.Run(t.Context(), serve(t, "prod"), s, mutation.All())
	require.NoError(t, err)
	require.Empty(t, result.Before)
	require.Equal(t, result.Rules, result.Caught)
	require.Len(t, mutation.All(), result.Rules, "one mutation for each rule")
}
