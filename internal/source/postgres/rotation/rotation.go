// Package rotation gives the replication user a new password.
//
// A role of PostgreSQL has one password, so the user keeps its name, logs in with the password that it has and sets the new one
// itself: no administrator takes part. Two users that alternate, as they do for MySQL, would have to own DMS's heartbeat by turns.
//
// What DMS has open stays open; it reads the secret again when it reconnects. From the moment the database has the new password to the
// one in which the secret has it, which is two short steps later, a connection that is opened with the secret is refused; DMS
// tries again and gets in when the secret says the same as the database. A rotation that dies between the two leaves this window
// open until Secrets Manager repeats it: every step may be repeated, and logs in with whichever of the passwords the database
// has. The last step makes the new password the secret's only after it has logged in with it, so nothing that happens meanwhile, such
// as a deployment that sets the former password again, makes the secret say what the database refuses. It is the strategy that
// AWS calls single user, https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html.
//
// The statement has a verifier of the password and not the password, which is in no log of the server.
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

// Settings say what is rotated, and hold no secret. They come with the deployment and not with the secret, so that whoever can
// write the secret cannot have another user's password changed, or this one's sent elsewhere.
type Settings struct {
	// Engine is [postgres.Engine].
	Engine string `json:"engine"`
	// User whose password it is.
	User string `json:"user"`
	// Host and Port of the writer.
	Host string `json:"host"`
	Port int    `json:"port"`
	// DatabaseName that the user may connect to.
	DatabaseName string `json:"databaseName"`
	// Certificates (PEM) that sign the server's certificate. Empty: those of RDS.
	Certificates string `json:"certificates,omitempty"`
}

// ReadSettings reads them from text.
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

// Rotator rotates one secret. It keeps nothing between events.
type Rotator struct {
	settings Settings
	secrets  Secrets
	connect  postgres.Login
}

// New rotates the secret of the user in the settings, in their database and over verified TLS.
func New(settings Settings, secrets Secrets) *Rotator {
	server := postgres.Server{
		Host: settings.Host, Port: settings.Port, Database: settings.DatabaseName, Certificates: cmp.Or(settings.Certificates, rdsca.Certificates()),
	}
	connect := func(ctx context.Context, user postgres.Credentials) (postgres.Session, error) {
		session, err := postgres.Connect(ctx, server, user)
		if err != nil {
			return nil, err // not a *Connection that is nil
		}
		return session, nil
	}
	return &Rotator{settings: settings, secrets: secrets, connect: connect}
}

// Handle does one step. Every step may be repeated, after a failure in its middle too: Secrets Manager does so.
func (r *Rotator) Handle(ctx context.Context, e Event) error {
	return versions.Handle(ctx, r.secrets, e, func(s *versions.Step) versions.Steps { return &step{Rotator: r, Step: s} })
}
