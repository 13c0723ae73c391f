package preparation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// Credentials are a user name and a password. Printing them shows only the name.
type Credentials struct {
	Username string
	Password string
}

// String implements fmt.Stringer.
func (c Credentials) String() string { return c.Username }

// GoString implements fmt.GoStringer.
func (c Credentials) GoString() string { return c.Username }

// LogValue implements slog.LogValuer.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.Username) }

// Secrets is the part of Secrets Manager that this package calls.
type Secrets interface {
	Get(ctx context.Context, arn string) (string, error)
	Put(ctx context.Context, arn, value string) error
}

// Secret is a secret's JSON, including unknown keys.
type Secret map[string]any

// ReadSecret reads a secret with credentials.
func ReadSecret(ctx context.Context, secrets Secrets, arn string) (Secret, Credentials, error) {
	if arn == "" {
		return nil, Credentials{}, errors.New("the request names no secret")
	}
	text, err := secrets.Get(ctx, arn)
	if err != nil {
		return nil, Credentials{}, fmt.Errorf("reading secret %s: %w", arn, err)
	}
	return ParseSecret(arn, text)
}

// ParseSecret parses a secret's text: all its keys, and the credentials among them. No error quotes the text.
func ParseSecret(arn, text string) (map[string]any, Credentials, error) {
	var s map[string]any
	if json.Unmarshal([]byte(text), &s) != nil {
		// The decoder's message may quote the secret.
		return nil, Credentials{}, fmt.Errorf("secret %s is not a JSON object", arn)
	}
	username, _ := s["username"].(string)
	password, _ := s["password"].(string)
	if username == "" || password == "" {
		return nil, Credentials{}, fmt.Errorf("secret %s lacks username or password", arn)
	}
	return s, Credentials{Username: username, Password: password}, nil
}

// PointAt writes the database's address into a secret and keeps everything else.
//
// DMS takes host and port from the secret. The deployment never overwrites an existing secret, because that would
// undo a rotation. So when the database moves, only this updates host and port.
func (s Secret) PointAt(ctx context.Context, secrets Secrets, arn, host string, port int) (changed bool, err error) {
	if s["host"] == host && s["port"] == float64(port) {
		return false, nil
	}
	s["host"], s["port"] = host, port
	text, err := json.Marshal(s)
	if err != nil {
		return false, fmt.Errorf("writing secret %s as JSON: %w", arn, err)
	}
	if err := secrets.Put(ctx, arn, string(text)); err != nil {
		return false, fmt.Errorf("writing host and port into secret %s: %w", arn, err)
	}
	return true, nil
}
