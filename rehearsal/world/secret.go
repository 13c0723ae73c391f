package world

import (
	"encoding/json"
	"fmt"
)

// credentials reads a secret in the shape {"username","password"}.
func credentials(secret string) (user, password string, err error) {
	var s struct{ Username, Password string }
	if err := json.Unmarshal([]byte(secret), &s); err != nil {
		return "", "", fmt.Errorf("the master secret is no JSON: %w", err)
	}
	if s.Username == "" || s.Password == "" {
		return "", "", fmt.Errorf("the master secret lacks username or password")
	}
	return s.Username, s.Password, nil
}
