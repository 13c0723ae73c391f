// Package rotation gives the replication user a new password without DMS ever being turned away.
//
// Two users alternate. A rotation sets a new password on the one that the secret does not name, lets it do what the other
// may, tries it, and only then makes the secret name it. The other one's password stays valid until the next rotation, so
// whoever read the secret a moment ago still gets in; DMS reads name and password again when it reconnects. It is the
// strategy that AWS calls alternating users, https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html,
// and asks nothing of the server that only MySQL or only MariaDB has.
package rotation

import (
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/internal/source/versions"
	"cmp"
	"context"
	"time"
)

type (
	// Event is [versions.Event].
	Event = versions.Event
	// Secrets is [versions.Secrets].
	Secrets = versions.Secrets
)

// Session is somebody logged in to the database.
type Session interface {
	mysql.Admin
	Close() error
}

// Rotator rotates one secret. It keeps nothing between events.
type Rotator struct {
	settings Settings
	secrets  Secrets
	connect  func(context.Context, mysql.Credentials) (Session, error)
	login    mysql.Login
	// patience with an administrator who is refused: his secret may be in rotation.
	patience time.Duration
}

// adminPatience is how long the managed rotation of an administrator's secret takes at most, as a rule:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_managed.html.
const adminPatience = time.Minute

// New rotates the secret of the user in the settings, in their database and over verified TLS.
func New(settings Settings, secrets Secrets) *Rotator {
	server := mysql.Server{
		Host: settings.Host, Port: settings.Port, Certificates: cmp.Or(settings.Certificates, rdsca.Certificates()),
	}
	connect := func(ctx context.Context, user mysql.Credentials) (Session, error) {
		return mysql.Connect(ctx, server, user)
	}
	return &Rotator{settings: settings, secrets: secrets, connect: connect, login: server.TryLogin, patience: adminPatience}
}

// Handle does one step. Every step may be repeated, after a failure in its middle too: Secrets Manager does so.
func (r *Rotator) Handle(ctx context.Context, e Event) error {
	return versions.Handle(ctx, r.secrets, e, func(s *versions.Step) versions.Steps { return &step{Rotator: r, Step: s} })
}

// step is one event being handled.
type step struct {
	*Rotator
	*versions.Step
}
