// Package secretsmanager is a stand-in for Secrets Manager's rotation: it calls the deployed function with the four
// steps of a rotation. Secrets, versions and stages are moto's; schedules are stored but do not run.
package secretsmanager

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/lambda"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Invoker runs a function; [lambda.Runner] implements it.
type Invoker interface {
	Invoke(ctx context.Context, nameOrArn string, payload []byte) (lambda.Result, error)
}

// Rotations are an account's rotations. The methods are safe for concurrent use.
type Rotations struct {
	invoker Invoker
	secrets *secretsmanager.Client
	lambda  *awslambda.Client
	log     *slog.Logger
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu   sync.Mutex
	all  []*Rotation
	open map[string]bool // secret and version of the running ones
}

// Rotation is a rotation, or one attempt of it.
type Rotation struct {
	// Secret and Function are ARNs; Version is the id of the rotation's version.
	Secret, Function, Version string
	// Trial is true when rotation was set up without being started: then only testSecret runs.
	Trial bool
	// Steps lists the steps that have succeeded.
	Steps []string
	// Err is the reason for a failure; Ended means that it is over.
	Err   error
	Ended bool
}

// New returns rotations that are inactive until Attach. Close ends running ones.
func New(acc account.Account, invoker Invoker, log *slog.Logger) *Rotations {
	ctx, cancel := context.WithCancel(context.Background())
	return &Rotations{
		invoker: invoker, secrets: secretsmanager.NewFromConfig(acc.Config()), lambda: awslambda.NewFromConfig(acc.Config()),
		log: log.With("service", "secretsmanager"), ctx: ctx, cancel: cancel, open: map[string]bool{},
	}
}

// Rotations returns all rotations so far, by start.
func (r *Rotations) Rotations() []Rotation {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Rotation, len(r.all))
	for i, rotation := range r.all {
		list[i] = *rotation
		list[i].Steps = slices.Clone(rotation.Steps)
	}
	return list
}

// Wait waits until no rotation runs. It returns the errors of failed rotations, except those that a later rotation of
// the same version has repaired.
func (r *Rotations) Wait() error {
	r.running.Wait()
	return r.Err()
}

// Err lists failed rotations that were not resumed successfully.
func (r *Rotations) Err() error {
	failed := map[string]error{}
	for _, rotation := range r.Rotations() {
		if !rotation.Ended {
			continue
		}
		delete(failed, rotation.Version)
		if rotation.Err != nil {
			failed[rotation.Version] = rotation.Err
		}
	}
	var problems []error
	for _, err := range failed {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// Close ends running rotations.
func (r *Rotations) Close() {
	r.cancel()
	r.running.Wait()
}

// begin runs a rotation's steps in the background, unless they already run.
func (r *Rotations) begin(rotation Rotation) {
	id := rotation.Secret + rotation.Version
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[id] {
		return
	}
	r.open[id] = true
	r.all = append(r.all, &rotation)
	r.running.Go(func() {
		err := r.run(&rotation)
		if err != nil {
			r.log.Error("a rotation failed", "secret", rotation.Secret, "version", rotation.Version, "error", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		rotation.Err, rotation.Ended = err, true
		delete(r.open, id)
	})
}

// steps lists the steps of a rotation:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html.
var steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

func (r *Rotations) run(rotation *Rotation) error {
	which := steps
	if rotation.Trial {
		which = []string{"testSecret"}
		defer r.drop(rotation)
	}
	for _, step := range which {
		if err := r.step(rotation, step); err != nil {
			return fmt.Errorf("rotating %s, version %s: %s: %w", rotation.Secret, rotation.Version, step, err)
		}
		r.mu.Lock()
		rotation.Steps = append(rotation.Steps, step)
		r.mu.Unlock()
	}
	if rotation.Trial {
		return nil
	}
	stages, err := r.stages(r.ctx, rotation.Secret)
	if err == nil && !slices.Contains(stages[rotation.Version], "AWSCURRENT") {
		err = errors.New("all steps succeeded, and the version is not AWSCURRENT")
	}
	return err
}

// stages returns the stages by version.
func (r *Rotations) stages(ctx context.Context, secret string) (map[string][]string, error) {
	out, err := r.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secret})
	if err != nil {
		return nil, fmt.Errorf("describing the secret %s: %w", secret, err)
	}
	return out.VersionIdsToStages, nil
}

// drop removes a trial's version.
func (r *Rotations) drop(rotation *Rotation) {
	_, err := r.secrets.UpdateSecretVersionStage(r.ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &rotation.Secret, VersionStage: aws.String("AWSPENDING"), RemoveFromVersionId: &rotation.Version,
	})
	if err != nil && r.ctx.Err() == nil {
		r.log.Error("a trial's version stays", "secret", rotation.Secret, "error", err)
	}
}
