package canary

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/source/preparation"
	"encoding/json"
	"fmt"
	"strings"
)

// Variable is the environment variable that holds [Settings] as JSON.
const Variable = "CANARY"

// NameVariable is set by Lambda: the function's name, which is the dimension of its metrics.
const NameVariable = "AWS_LAMBDA_FUNCTION_NAME"

// PostgreSQL is the engine's name for a source that is not MySQL.
const PostgreSQL = "postgresql"

// Settings of the function. They hold no secret.
type Settings struct {
	// Engine of the source: empty for MySQL, or [PostgreSQL].
	Engine string `json:"engine,omitempty"`
	// Secret is the ARN of DMS's login secret {"username","password","host","port"}.
	Secret string `json:"secret"`
	// Database is the followed database of PostgreSQL.
	Database string `json:"database,omitempty"`
	// Certificates are the PEM bundle that verifies the server. Empty: that of RDS.
	Certificates string `json:"certificates,omitempty"`
	// Endpoint is the URL of the domain or collection without a trailing slash. Service is its kind.
	Endpoint string             `json:"endpoint"`
	Service  opensearch.Service `json:"service"`
	// Alias of the index with the heartbeat's row.
	Alias string `json:"alias"`
	// Bucket is the lake's bucket.
	Bucket string `json:"bucket"`
	// Parked are the prefixes of parked objects, each with a trailing slash.
	Parked []string `json:"parked"`
	// Memory is the key of the object that remembers the tables' versions. Loads is the key of the object in which
	// `cdc status` keeps the tables' versions at their load.
	Memory string `json:"memory"`
	Loads  string `json:"loads"`
	// Tables that DMS follows, as patterns, without the excluded ones. Empty: every table that the user may read.
	Tables  []preparation.Table `json:"tables,omitempty"`
	Exclude []preparation.Table `json:"exclude,omitempty"`
	// LogHours is how long MySQL keeps its binary log.
	LogHours int `json:"logHours,omitempty"`

	// Function is the function's name, the dimension of its metrics.
	Function string `json:"-"`
}

// PostgreSQL reports whether the source is PostgreSQL.
func (s Settings) PostgreSQL() bool { return s.Engine == PostgreSQL }

// Text is the form that [ReadSettings] reads.
func (s Settings) Text() (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("writing the canary's settings: %w", err)
	}
	return string(text), nil
}

// ReadSettings parses the environment; get is os.Getenv.
func ReadSettings(get func(string) string) (Settings, error) {
	var s Settings
	if err := json.Unmarshal([]byte(get(Variable)), &s); err != nil {
		return s, settingsError("is not what the deployment writes: %w", err)
	}
	s.Function = get(NameVariable)
	for name, value := range map[string]string{
		"secret": s.Secret, "endpoint": s.Endpoint, "service": string(s.Service), "alias": s.Alias, "bucket": s.Bucket, "memory": s.Memory, "loads": s.Loads,
	} {
		if value == "" {
			return s, settingsError("lacks %s", name)
		}
	}
	if s.Engine != "" && !s.PostgreSQL() {
		return s, settingsError("has the engine %q, and %s is the only one that is named", s.Engine, PostgreSQL)
	}
	if !strings.HasPrefix(s.Endpoint, "https://") {
		return s, settingsError("has the endpoint %q, which is not https://<host>", s.Endpoint)
	}
	return s, nil
}

func settingsError(format string, args ...any) error {
	return fmt.Errorf("the environment variable "+Variable+" "+format, args...)
}
