package provider

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// breaks says what of a released schema a program in some language would miss in another, or would have to say besides.
func breaks(before, after spec) []string {
	var all []string
	for _, token := range slices.Sorted(maps.Keys(before.Resources)) {
		was := before.Resources[token]
		is, there := after.Resources[token]
		if !there {
			all = append(all, token)
			continue
		}
		all = append(all, propertyBreaks(token, was.InputProperties, is.InputProperties, was.RequiredInputs, is.RequiredInputs)...)
		all = append(all, propertyBreaks(token, was.Properties, is.Properties, nil, nil)...)
	}
	for _, token := range slices.Sorted(maps.Keys(before.Types)) {
		was := before.Types[token]
		is, there := after.Types[token]
		if !there {
			all = append(all, token)
			continue
		}
		all = append(all, propertyBreaks(token, was.Properties, is.Properties, was.Required, is.Required)...)
		for _, choice := range was.Enum {
			if !slices.ContainsFunc(is.Enum, func(c choiceSpec) bool { return c.Value == choice.Value }) {
				all = append(all, token+"."+choice.Value)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func propertyBreaks(of string, before, after map[string]propertySpec, wasRequired, isRequired []string) []string {
	var all []string
	for name, was := range before {
		is, there := after[name]
		if !there || !sameValue(was.valueSpec, is.valueSpec) {
			all = append(all, of+"."+name)
		}
	}
	for _, name := range isRequired {
		if !slices.Contains(wasRequired, name) {
			all = append(all, of+"."+name)
		}
	}
	return all
}

// sameValue says that whoever gives or reads the one gives or reads the other.
func sameValue(was, is valueSpec) bool {
	one, err := json.Marshal(was)
	if err != nil {
		return false
	}
	other, err := json.Marshal(is)
	return err == nil && string(one) == string(other)
}

// What a release has of the schema stays, or CHANGELOG names it among what is not released yet. A release copies schema.json to
// schema.released.json, which is empty as long as no release has a plugin.
func TestWhatIsBrokenIsInTheChangelog(t *testing.T) {
	var released spec
	text, err := os.ReadFile("schema.released.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &released))
	now, err := readSchema()
	require.NoError(t, err)
	changelog, err := os.ReadFile("../CHANGELOG.md")
	require.NoError(t, err)
	_, unreleased, found := strings.Cut(string(changelog), "\n## Unreleased\n")
	require.True(t, found)
	unreleased, _, _ = strings.Cut(unreleased, "\n## ")
	for _, broken := range breaks(released, now) {
		require.Containsf(t, unreleased, "`"+broken+"`", "%s is not what was released: name it in CHANGELOG, or leave it as it was", broken)
	}
}

func TestWhatBreaksIsFound(t *testing.T) {
	before, err := readSchema()
	require.NoError(t, err)
	require.Empty(t, breaks(before, before))
	for want, change := range map[string]func(s spec){
		"cdcpipeline:stream:ChangeStream":     func(s spec) { delete(s.Resources, streamToken) },
		"cdcpipeline:stream:ChangeStream.arn": func(s spec) { delete(s.Resources[streamToken].Properties, "arn") },
		"cdcpipeline:stream:ChangeStream.kmsKeyArn": func(s spec) {
			s.Resources[streamToken].InputProperties["kmsKeyArn"] = propertySpec{valueSpec: valueSpec{Type: "integer"}}
		},
		"cdcpipeline:config:Stream.shards":    func(s spec) { delete(s.Types["cdcpipeline:config:Stream"].Properties, "shards") },
		"cdcpipeline:config:Environment":      func(s spec) { delete(s.Types, "cdcpipeline:config:Environment") },
		"cdcpipeline:config:Environment.prod": func(s spec) { s.Types["cdcpipeline:config:Environment"].Enum[1].Value = "production" },
		"cdcpipeline:stream:ChangeStream.stream": func(s spec) {
			r := s.Resources[streamToken]
			r.RequiredInputs = []string{"kmsKeyArn", "stream"}
			s.Resources[streamToken] = r
		},
	} {
		after, err := readSchema()
		require.NoError(t, err)
		change(after)
		require.Equal(t, []string{want}, breaks(before, after))
	}
	more, err := readSchema()
	require.NoError(t, err)
	more.Resources[streamToken].InputProperties["more"] = propertySpec{}
	require.Empty(t, breaks(before, more), "what is new breaks nothing")
}
