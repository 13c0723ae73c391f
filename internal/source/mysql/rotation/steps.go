package rotation

import (
	"cdcpipeline/internal/source/mysql"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/cenkalti/backoff/v5"
)

// create writes what the secret will be: the other user with a new password. Keys this package does not know are kept.
func (s *step) create(ctx context.Context) error {
	now, err := s.current(ctx)
	if err != nil {
		return err
	}
	if _, err := s.pending(ctx); !isMissing(err) {
		return err // it is there already, or could not be read
	}
	next := maps.Clone(now.keys)
	if next["username"], err = s.settings.other(now.user.Username); err != nil {
		return err
	}
	next["password"], next["host"], next["port"] = newPassword(), s.settings.Host, s.settings.Port
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("writing the secret as JSON: %w", err)
	}
	input := &secretsmanager.PutSecretValueInput{
		SecretId: &s.event.SecretID, ClientRequestToken: &s.event.ClientRequestToken,
		SecretString: aws.String(string(text)), VersionStages: []string{pending},
	}
	if s.event.RotationToken != "" {
		input.RotationToken = &s.event.RotationToken
	}
	if _, err := s.secrets.PutSecretValue(ctx, input); err != nil {
		return fmt.Errorf("writing the secret: %w", err)
	}
	return nil
}

// set makes the database know the other user as the pending version names it. The current user is only looked at.
func (s *step) set(ctx context.Context) (err error) {
	now, next, err := s.versions(ctx)
	if err != nil {
		return err
	}
	admin, err := s.admin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	if err := mysql.Clone(ctx, admin, s.login, now.user.Username, next.user); err != nil {
		return fmt.Errorf("letting %s do what %s may: %w", next.user, now.user, err)
	}
	return nil
}

// test logs in as DMS will. When rotation is set up without being begun, Secrets Manager runs this step alone, on a
// version that it removes afterwards: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html.
// What that version holds is not documented, so an empty one stands for the current one.
func (s *step) test(ctx context.Context) (err error) {
	next, err := s.pending(ctx)
	if isMissing(err) {
		next, err = s.current(ctx)
	}
	if err != nil {
		return err
	}
	session, err := s.connect(ctx, next.user)
	if mysql.Refused(err) {
		return fmt.Errorf("the database refuses user %s with the password of this version", next.user)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return mysql.MayFollow(ctx, session, next.user.Username)
}

// finish makes the pending version the current one; Secrets Manager makes the former one AWSPREVIOUS in the same call.
func (s *step) finish(ctx context.Context) error {
	if _, _, err := s.versions(ctx); err != nil {
		return err
	}
	_, err := s.secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.event.SecretID, VersionStage: aws.String(current),
		MoveToVersionId: &s.event.ClientRequestToken, RemoveFromVersionId: s.currentVersion(),
	})
	if err != nil {
		return fmt.Errorf("making version %s current: %w", s.event.ClientRequestToken, err)
	}
	return nil
}

// version is what one version of the secret says.
type version struct {
	keys map[string]any
	user mysql.Credentials
}

// versions are the current and the pending one, when the latter still fits: a rotation that was left unfinished may be
// taken up again after the secret or the database has changed.
func (s *step) versions(ctx context.Context) (now, next version, err error) {
	if now, err = s.current(ctx); err != nil {
		return now, next, err
	}
	if next, err = s.pending(ctx); err != nil {
		return now, next, err
	}
	other, err := s.settings.other(now.user.Username)
	switch {
	case err != nil:
	case next.user.Username != other:
		// Its password would be set on the very user that DMS logs in as.
		err = fmt.Errorf("the pending version is for user %s, who is not the next after %s", next.user, now.user)
	case next.keys["host"] != s.settings.Host || next.keys["port"] != float64(s.settings.Port):
		err = errors.New("the database has moved since the pending version was written")
	}
	if err != nil {
		err = fmt.Errorf("%w: take the label %s off version %s (aws secretsmanager update-secret-version-stage --secret-id %s --version-stage %s --remove-from-version-id %s) and rotate again",
			err, pending, s.event.ClientRequestToken, s.event.SecretID, pending, s.event.ClientRequestToken)
	}
	return now, next, err
}

func (s *step) current(ctx context.Context) (version, error) {
	return s.read(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.event.SecretID, VersionStage: aws.String(current)})
}

func (s *step) pending(ctx context.Context) (version, error) {
	return s.read(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &s.event.SecretID, VersionId: &s.event.ClientRequestToken, VersionStage: aws.String(pending),
	})
}

func (r *Rotator) read(ctx context.Context, which *secretsmanager.GetSecretValueInput) (v version, err error) {
	arn := aws.ToString(which.SecretId)
	out, err := r.secrets.GetSecretValue(ctx, which)
	if err != nil {
		return v, fmt.Errorf("reading secret %s: %w", arn, err)
	}
	v.keys, v.user, err = mysql.ParseSecret(arn, aws.ToString(out.SecretString))
	return v, err
}

// isMissing says that a version holds no value yet.
func isMissing(err error) bool {
	var missing *types.ResourceNotFoundException
	return errors.As(err, &missing)
}

// admin logs in as the administrator. His secret is read anew in every attempt: it may be rotated at the same time, and
// for a moment say something else than the database.
func (r *Rotator) admin(ctx context.Context) (Session, error) {
	attempt := func() (Session, error) {
		admin, err := r.read(ctx, &secretsmanager.GetSecretValueInput{SecretId: &r.settings.AdminSecret})
		if err != nil {
			return nil, backoff.Permanent(err)
		}
		session, err := r.connect(ctx, admin.user)
		if err != nil && !mysql.Refused(err) {
			return nil, backoff.Permanent(err)
		}
		return session, err
	}
	session, err := backoff.Retry(ctx, attempt, backoff.WithMaxElapsedTime(r.patience))
	if err != nil {
		return nil, fmt.Errorf("logging in as the administrator: %w", err)
	}
	return session, nil
}

// newPassword is 130 random bits in capitals and digits, and a character of each kind that a server may ask for, none of
// which DMS splits its connection settings at.
func newPassword() string { return rand.Text() + "-a1" }
