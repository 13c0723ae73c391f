// Package versions is what giving a user another password has of every engine: the versions of the user's secret and the four
// steps in which Secrets Manager has one take the place of another.
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

// Stages of a secret's versions.
const (
	Current  = "AWSCURRENT"
	Pending  = "AWSPENDING"
	Previous = "AWSPREVIOUS"
)

// Version is what one version of the secret says.
type Version struct {
	Keys map[string]any
	User preparation.Credentials
}

// Steps are those of a rotation. Every step may be repeated, after a failure in its middle too: Secrets Manager does so.
type Steps interface {
	// Create writes what the secret will be.
	Create(context.Context) error
	// Set makes the database know it.
	Set(context.Context) error
	// Test logs in as DMS will.
	Test(context.Context) error
	// Finish makes it the current version.
	Finish(context.Context) error
}

// Step is one event being handled.
type Step struct {
	Event
	Secrets Secrets
	stages  map[string][]string // by version
}

// Handle does the step of an event, unless it was done and the answer got lost.
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
		return nil // an answer of ours got lost
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

// Promote makes the pending version the current one; Secrets Manager makes the former one the previous in the same call.
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

// LeftOver says how to be rid of a pending version that no longer fits: a rotation that was left unfinished may be taken up again
// after the secret or the database has changed.
func (s *Step) LeftOver(why error) error {
	return fmt.Errorf("%w: take the label %s off version %s (aws secretsmanager update-secret-version-stage --secret-id %s --version-stage %s --remove-from-version-id %s) and rotate again",
		why, Pending, s.ClientRequestToken, s.SecretID, Pending, s.ClientRequestToken)
}

// Current is what DMS logs in with.
func (s *Step) Current(ctx context.Context) (Version, error) { return s.staged(ctx, Current) }

// Previous is what it logged in with before.
func (s *Step) Previous(ctx context.Context) (Version, error) { return s.staged(ctx, Previous) }

func (s *Step) staged(ctx context.Context, stage string) (Version, error) {
	return Read(ctx, s.Secrets, &secretsmanager.GetSecretValueInput{SecretId: &s.SecretID, VersionStage: aws.String(stage)})
}

// Pending is what it will log in with.
func (s *Step) Pending(ctx context.Context) (Version, error) {
	return Read(ctx, s.Secrets, &secretsmanager.GetSecretValueInput{
		SecretId: &s.SecretID, VersionId: &s.ClientRequestToken, VersionStage: aws.String(Pending),
	})
}

// PendingOrCurrent is what a test is for. When rotation is set up without being begun, Secrets Manager runs that step alone, on a
// version that it removes afterwards: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html.
// What that version holds is not documented, so an empty one stands for the current one.
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

// IsMissing says that a version holds no value yet, or is not there.
func IsMissing(err error) bool {
	var missing *types.ResourceNotFoundException
	return errors.As(err, &missing)
}

// currentVersion is the id of the version that is [Current].
func (s *Step) currentVersion() *string {
	for version, stages := range s.stages {
		if slices.Contains(stages, Current) {
			return aws.String(version)
		}
	}
	return nil
}

// NewPassword is 130 random bits in capitals and digits, and a character of each kind that a server may ask for, none of
// which DMS splits its connection settings at.
func NewPassword() string { return rand.Text() + "-a1" }
