// Package versions holds what rotating a user's password has in common for all engines: the versions of the user's
// secret, and the four steps of Secrets Manager's rotation.
package versions

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Event is Secrets Manager's input for the function, once per step:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html.
type Event struct {
	Step string
	// SecretID is the ARN of the secret.
	SecretID string `json:"SecretId"`
	// ClientRequestToken is the id of the version that the rotation makes.
	ClientRequestToken string
	// RotationToken is passed to functions that rotate with another identity; it is returned unchanged.
	RotationToken string
}

// Secrets is the part of Secrets Manager that this package calls; [secretsmanager.Client] implements it.
type Secrets interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Stages of a secret's versions.
const (
	Current  = "AWSCURRENT"
	Pending  = "AWSPENDING"
	Previous = "AWSPREVIOUS"
)

// Version is the content of one version of the secret.
type Version struct {
	Keys map[string]any
	User preparation.Credentials
}

// Steps are the steps of a rotation. Every step can be repeated, even after a partial failure, because Secrets
// Manager repeats it.
type Steps interface {
	// Create writes the secret's next value.
	Create(context.Context) error
	// Set changes the database accordingly.
	Set(context.Context) error
	// Test logs in as DMS does.
	Test(context.Context) error
	// Finish makes the next value the current version.
	Finish(context.Context) error
}

// Step is the state of one event.
type Step struct {
	Event
	Secrets Secrets
	stages  map[string][]string // by version
}

// Handle performs an event's step, unless it was already done and only the answer was lost.
func Handle(ctx context.Context, secrets Secrets, e Event, steps func(*Step) Steps) error {
	if err := handle(ctx, secrets, e, steps); err != nil {
		return fmt.Errorf("%s of secret %s: %w", e.Step, e.SecretID, err)
	}
	slog.InfoContext(ctx, "rotation", "step", e.Step, "secret", e.SecretID, "version", e.ClientRequestToken)
	return nil
}

func handle(ctx context.Context, secrets Secrets, e Event, steps func(*Step) Steps) error {
	described, err := secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &e.SecretID})
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
	case slices.Contains(stages, Current):
		return nil // an earlier answer was lost
	case !slices.Contains(stages, Pending):
		return fmt.Errorf("version %s is not %s", e.ClientRequestToken, Pending)
	}
	s := steps(&Step{Event: e, Secrets: secrets, stages: described.VersionIdsToStages})
	switch e.Step {
	case "createSecret":
		return s.Create(ctx)
	case "setSecret":
		return s.Set(ctx)
	case "testSecret":
		return s.Test(ctx)
	case "finishSecret":
		return s.Finish(ctx)
	}
	return fmt.Errorf("step %q is unknown", e.Step)
}

// Write writes the pending version.
func (s *Step) Write(ctx context.Context, keys map[string]any) error {
	text, err := json.Marshal(keys)
	if err != nil {
		return fmt.Errorf("writing the secret as JSON: %w", err)
	}
	input := &secretsmanager.PutSecretValueInput{
		SecretId: &s.SecretID, ClientRequestToken: &s.ClientRequestToken, SecretString: aws.String(string(text)), VersionStages: []string{Pending},
	}
	if s.RotationToken != "" {
		input.RotationToken = &s.RotationToken
	}
	if _, err := s.Secrets.PutSecretValue(ctx, input); err != nil {
		return fmt.Errorf("writing the secret: %w", err)
	}
	return nil
}

// Promote makes the pending version current; in the same call Secrets Manager makes the former one the previous.
func (s *Step) Promote(ctx context.Context) error {
	_, err := s.Secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.SecretID, VersionStage: aws.String(Current),
		MoveToVersionId: &s.ClientRequestToken, RemoveFromVersionId: s.currentVersion(),
	})
	if err != nil {
		return fmt.Errorf("making version %s current: %w", s.ClientRequestToken, err)
	}
	return nil
}

// LeftOver says how to remove a pending version that no longer fits. An unfinished rotation may be resumed after the
// secret or the database has changed.
func (s *Step) LeftOver(why error) error {
	return fmt.Errorf("%w: take the label %s off version %s (aws secretsmanager update-secret-version-stage --secret-id %s --version-stage %s --remove-from-version-id %s) and rotate again",
		why, Pending, s.ClientRequestToken, s.SecretID, Pending, s.ClientRequestToken)
}

// Current is the version that DMS logs in with.
func (s *Step) Current(ctx context.Context) (Version, error) { return s.staged(ctx, Current) }

// Previous is the version that it logged in with before.
func (s *Step) Previous(ctx context.Context) (Version, error) { return s.staged(ctx, Previous) }

func (s *Step) staged(ctx context.Context, stage string) (Version, error) {
	return Read(ctx, s.Secrets, &secretsmanager.GetSecretValueInput{SecretId: &s.SecretID, VersionStage: aws.String(stage)})
}

// Pending is the version that it will log in with.
func (s *Step) Pending(ctx context.Context) (Version, error) {
	return Read(ctx, s.Secrets, &secretsmanager.GetSecretValueInput{
		SecretId: &s.SecretID, VersionId: &s.ClientRequestToken, VersionStage: aws.String(Pending),
	})
}

// PendingOrCurrent is the version to test. When rotation is set up without being started, Secrets Manager runs only
// the test step, on a version that it removes afterwards:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html. That version's content is not
// documented, so for an empty one the current version is used.
func (s *Step) PendingOrCurrent(ctx context.Context) (Version, error) {
	v, err := s.Pending(ctx)
	if IsMissing(err) {
		return s.Current(ctx)
	}
	return v, err
}

// Read reads one version of a secret.
func Read(ctx context.Context, secrets Secrets, which *secretsmanager.GetSecretValueInput) (v Version, err error) {
	arn := aws.ToString(which.SecretId)
	out, err := secrets.GetSecretValue(ctx, which)
	if err != nil {
		return v, fmt.Errorf("reading secret %s: %w", arn, err)
	}
	v.Keys, v.User, err = preparation.ParseSecret(arn, aws.ToString(out.SecretString))
	return v, err
}

// IsMissing reports whether a version has no value yet, or does not exist.
func IsMissing(err error) bool {
	var missing *types.ResourceNotFoundException
	return errors.As(err, &missing)
}

// currentVersion is the id of the [Current] version.
func (s *Step) currentVersion() *string {
	for version, stages := range s.stages {
		if slices.Contains(stages, Current) {
			return aws.String(version)
		}
	}
	return nil
}

// NewPassword has 130 random bits in capitals and digits, and one character of each kind that a server may require.
// It contains no character at which DMS splits its connection settings.
func NewPassword() string { return rand.Text() + "-a1" }
