package config

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// stackValues converts a stack file's `config:` into the values that Pulumi passes to a program. Texts stay as
// they are; other values become JSON.
func stackValues(t testing.TB, text string) map[string]string {
	var parsed map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &parsed))
	values := map[string]string{}
	for key, value := range parsed {
		if text, ok := value.(string); ok {
			values[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		require.NoError(t, err, fmt.Sprint(value))
		values[key] = string(encoded)
	}
	return values
}
