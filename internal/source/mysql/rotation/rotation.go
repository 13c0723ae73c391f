// Package rotation gives the replication user a new password without ever locking DMS out.
//
// Two users alternate. A rotation sets a new password for the user that the secret does not name, gives it the
// other's privileges, tests its login, and only then makes the secret name it. The other user's password stays valid
// until the next rotation, so a client that has just read the secret can still log in. DMS reads name and password
// again when it reconnects. AWS calls this strategy alternating users,
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html. It uses only features that both
// MySQL and MariaDB have.
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

// Session is a login session in the database.
type Session interface {
	mysql.Admin
	Close() error
}

// Rotator rotates one secret. It keeps no state between events.
type Rotator struct {
	settings Settings
	secrets  Secrets
	connect  func(context.Context, mysql.Credentials) (Session, error)
	login    mysql.Login
	// patience is how long a refused administrator login is retried, because the administrator's secret may be in
	// rotation.
	patience time.Duration
}

// adminPatience is usually enough for the managed rotation of an administrator's secret:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_managed.html.
const adminPatience = time.Minute

// New returns a Rotator for the user in the settings, in their database over verified TLS.
func New(settings Settings, secrets Secrets) *Rotator {
	server := mysql.Server{
		Host: settings.Host, Port: settings.Port, Certificates: cmp.Or(settings.Certificates, rdsca.Certificates()),
	}
	connect := func(ctx context.Context, user mysql.Credentials) (Session, error) {
		return mysql.Connect(ctx, server, user)
	}
	return &Rotator{settings: settings, secrets: secrets, connect: connect, login: server.TryLogin, patience: adminPatience}
}

// Handle performs one step. Every step can be repeated, even after a partial failure, because Secrets Manager repeats
// it.
func (r *Rotator) Handle(ctx context.Context, e Event) error {
	return versions.Handle(ctx, r.secrets, e, func(s *versions.Step) versions.Steps { return &step{Rotator: r, Step: s} })
}

// step is the state of one event.
type step struct {
	*Rotator
	*versions.Step
}
