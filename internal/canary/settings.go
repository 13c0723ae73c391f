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

// NameVariable is Lambda's own: the name by which the metrics are told apart.
const NameVariable = "AWS_LAMBDA_FUNCTION_NAME"

// PostgreSQL is what a source's engine is called that is not MySQL.
const PostgreSQL = "postgresql"

// Settings of the function. They hold no secret.
type Settings struct {
	// Engine of the source: empty for MySQL, or [PostgreSQL].
	Engine string `json:"engine,omitempty"`
	// Secret {"username","password","host","port"} is the ARN of the one that DMS logs in with.
	Secret string `json:"secret"`
	// Database of PostgreSQL that is followed.
	Database string `json:"database,omitempty"`
	// Certificates (PEM) that sign the server's certificate. Empty: those of RDS.
	Certificates string `json:"certificates,omitempty"`
	// Endpoint is the URL of the domain or collection without a trailing slash, Service what it is.
	Endpoint string             `json:"endpoint"`
	Service  opensearch.Service `json:"service"`
	// Alias under which the heartbeat's row is found.
	Alias string `json:"alias"`
	// Bucket is the lake's.
	Bucket string `json:"bucket"`
	// Parked are the prefixes, each with a slash at its end, of what no sink took.
	Parked []string `json:"parked"`
	// Memory is the key of the object that remembers how tables were made, and Loads that of the one in which `cdc status` keeps what they
	// were at their load.
	Memory string `json:"memory"`
	Loads  string `json:"loads"`
	// Tables that DMS follows, as patterns, without those of Exclude. Empty: all that the user may read.
	Tables  []preparation.Table `json:"tables,omitempty"`
	Exclude []preparation.Table `json:"exclude,omitempty"`
	// LogHours is how long MySQL keeps its binary log.
	LogHours int `json:"logHours,omitempty"`

	// Function is the name that the metrics carry.
	Function string `json:"-"`
}

// PostgreSQL reports whether the source is one.
func (s Settings) PostgreSQL() bool { return s.Engine == PostgreSQL }

// Text is what [ReadSettings] reads.
func (s Settings) Text() (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("writing the canary's settings: %w", err)
	}
	return string(text), nil
}

// ReadSettings reads them from the environment; get is os.Getenv.
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
