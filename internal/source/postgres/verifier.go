package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	verifierRounds = 4096 // the server's own default, scram_iterations
	verifierSalt   = 16
)

// Verifier is the form in which the server stores a password,
// https://www.postgresql.org/docs/current/catalog-pg-authid.html. Sent instead of the password, it hides the password
// from logs and from people who see statements.
//
// The password must be printable ASCII. Other characters are normalised before hashing, by rules that not every
// client follows, and DMS does not accept all of them.
func Verifier(password string) (string, error) {
	salt := make([]byte, verifierSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("drawing a salt: %w", err)
	}
	return verifier(password, salt)
}

// Verifies reports whether a verifier matches a password.
func Verifies(written, password string) bool {
	_, rest, _ := strings.Cut(written, ":")
	salt, _, _ := strings.Cut(rest, "$")
	decoded, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		return false
	}
	again, err := verifier(password, decoded)
	return err == nil && hmac.Equal([]byte(again), []byte(written))
}

func verifier(password string, salt []byte) (string, error) {
	for _, c := range []byte(password) {
		if c < ' ' || c > '~' {
			return "", errors.New("it must have letters, digits and signs of ASCII only")
		}
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, verifierRounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("hashing the password: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", verifierRounds, encode(salt), encode(stored[:]), encode(mac(salted, "Server Key"))), nil
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}
