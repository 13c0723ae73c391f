// Package rotation gives the replication user a new password.
//
// A PostgreSQL role has one password. So the user keeps its name, logs in with its present password and sets the new
// one itself, without an administrator. Two alternating users, as in MySQL, would have to take turns in owning DMS's
// heartbeat.
//
// DMS's open connections stay open; DMS reads the secret again when it reconnects. For two short steps the database
// has the new password but the secret still has the old one. A connection opened with the secret is refused in that
// time; DMS retries and succeeds once the secret matches. If a rotation dies there, the window stays open until
// Secrets Manager repeats the step. Every step can be repeated, and logs in with whichever password the database has.
// The last step makes the new password current only after a login with it. So a change in between, such as a
// deployment that restores the former password, cannot leave a secret that the database refuses. AWS calls this
// strategy single user, https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html.
//
// The statement contains a verifier instead of the password, so the password is in no server log.
package rotation

import (
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/source/versions"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
)

type (
	// Event is [versions.Event].
	Event = versions.Event
	// Secrets is [versions.Secrets].
	Secrets = versions.Secrets
)

// Settings describe a rotation and hold no secret. They come with the deployment, not with the secret. So somebody
// who can write the secret can neither change another user's password nor send this one's elsewhere.
type Settings struct {
	// Engine is [postgres.Engine].
	Engine string `json:"engine"`
	// User whose password is rotated.
	User string `json:"user"`
	// Host and Port of the writer.
	Host string `json:"host"`
	Port int    `json:"port"`
	// DatabaseName is a database to which the user may connect.
	DatabaseName string `json:"databaseName"`
	// Certificates are the PEM bundle that verifies the server. Empty: that of RDS.
	Certificates string `json:"certificates,omitempty"`
}

// ReadSettings parses them.
func ReadSettings(text string) (Settings, error) {
	var s Settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("reading the settings of the rotation: %w", err)
	}
	if s.User == "" || s.Host == "" || s.Port == 0 || s.DatabaseName == "" {
		return s, fmt.Errorf("the settings of the rotation must have user, host, port and databaseName")
	}
	return s, nil
}

// Rotator rotates one secret. It keeps no state between events.
type Rotator struct {
	settings Settings
	secrets  Secrets
	connect  postgres.Login
}

// New returns a Rotator for the user in the settings, in their database over verified TLS.
func New(settings Settings, secrets Secrets) *Rotator {
	server := postgres.Server{
		Host: settings.Host, Port: settings.Port, Database: settings.DatabaseName, Certificates: cmp.Or(settings.Certificates, rdsca.Certificates()),
	}
	connect := func(ctx context.Context, user postgres.Credentials) (postgres.Session, error) {
		session, err := postgres.Connect(ctx, server, user)
		if err != nil {
			return nil, err // not an interface with a nil *Connection
		}
		return session, nil
	}
	return &Rotator{settings: settings, secrets: secrets, connect: connect}
}

// Handle performs one step. Every step can be repeated, even after a partial failure, because Secrets Manager repeats
// it.
func (r *Rotator) Handle(ctx context.Context, e Event) error {
	return versions.Handle(ctx, r.secrets, e, func(s *versions.Step) versions.Steps { return &step{Rotator: r, Step: s} })
}
