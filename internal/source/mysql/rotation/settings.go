package rotation

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Variable is the environment variable that holds [Settings] as JSON.
const Variable = "ROTATION"

// Settings describe a rotation and hold no secret. They come with the deployment, not with the secret. So somebody
// who can write the secret can neither reset another user's password nor send the administrator's elsewhere.
type Settings struct {
	// User is the first of the two alternating users; the other is User_clone. At most [MaxUser] characters.
	User string `json:"user"`
	// Host and Port of the writer.
	Host string `json:"host"`
	Port int    `json:"port"`
	// AdminSecret is the ARN of the secret {"username","password"} of a user who may create users.
	AdminSecret string `json:"adminSecret"`
	// Certificates are the PEM bundle that verifies the server. Empty: that of RDS.
	Certificates string `json:"certificates,omitempty"`
}

// clone is the suffix of the second user's name, as in AWS's own rotation functions.
const clone = "_clone"

// MaxUser is the maximum length of the first user: MySQL accepts names of 32 characters,
// https://dev.mysql.com/doc/refman/8.4/en/user-names.html.
const MaxUser = 32 - len(clone)

// ReadSettings parses the text of [Variable].
func ReadSettings(text string) (Settings, error) {
	var s Settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("reading the environment variable %s: %w", Variable, err)
	}
	if s.User == "" || s.Host == "" || s.Port == 0 || s.AdminSecret == "" {
		return s, fmt.Errorf("the environment variable %s must have user, host, port and adminSecret", Variable)
	}
	if len(s.User) > MaxUser || strings.HasSuffix(s.User, clone) {
		return s, fmt.Errorf("user %q cannot alternate with %q: at most %d characters that do not end with %s", s.User, s.User+clone, MaxUser, clone)
	}
	return s, nil
}

// other is the user who alternates with the given one.
func (s Settings) other(user string) (string, error) {
	switch user {
	case s.User:
		return s.User + clone, nil
	case s.User + clone:
		return s.User, nil
	}
	return "", fmt.Errorf("the secret names user %q, and only %s and %s%s are rotated here", user, s.User, s.User, clone)
}
