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
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Event is what Secrets Manager calls the function with, once per step:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html.
type Event struct {
	Step string
	// SecretID is the ARN of the secret.
	SecretID string `json:"SecretId"`
	// ClientRequestToken is the id of the version that the rotation makes.
	ClientRequestToken string
	// RotationToken is given to functions that rotate with another identity than their own; it goes back unchanged.
	RotationToken string
}

// Secrets is the part of Secrets Manager that is needed; [secretsmanager.Client] implements it.
type Secrets interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

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

// Stages of a secret's versions.
const (
	current = "AWSCURRENT"
	pending = "AWSPENDING"
)

// Handle does one step. Every step may be repeated, after a failure in its middle too: Secrets Manager does so.
func (r *Rotator) Handle(ctx context.Context, e Event) error {
	if err := r.handle(ctx, e); err != nil {
		return fmt.Errorf("%s of secret %s: %w", e.Step, e.SecretID, err)
	}
	slog.InfoContext(ctx, "rotation", "step", e.Step, "secret", e.SecretID, "version", e.ClientRequestToken)
	return nil
}

func (r *Rotator) handle(ctx context.Context, e Event) error {
	described, err := r.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &e.SecretID})
	if err != nil {
		return fmt.Errorf("describing the secret: %w", err)
	}
	if described.RotationEnabled != nil && !*described.RotationEnabled {
		return errors.New("its rotation is turned off")
	}
	stages, known := described.VersionIdsToStages[e.ClientRequestToken]
	switch {
	case !known:
		return fmt.Errorf("version %s has no stage", e.ClientRequestToken)
	case slices.Contains(stages, current):
		return nil // an answer of ours got lost
	case !slices.Contains(stages, pending):
		return fmt.Errorf("version %s is not %s", e.ClientRequestToken, pending)
	}
	s := step{Rotator: r, event: e, stages: described.VersionIdsToStages}
	switch e.Step {
	case "createSecret":
		return s.create(ctx)
	case "setSecret":
		return s.set(ctx)
	case "testSecret":
		return s.test(ctx)
	case "finishSecret":
		return s.finish(ctx)
	}
	return fmt.Errorf("step %q is unknown", e.Step)
}

// step is one event being handled.
type step struct {
	*Rotator
	event  Event
	stages map[string][]string // by version
}

// currentVersion is the id of the version that is AWSCURRENT.
func (s *step) currentVersion() *string {
	for version, stages := range s.stages {
		if slices.Contains(stages, current) {
			return aws.String(version)
		}
	}
	return nil
}
