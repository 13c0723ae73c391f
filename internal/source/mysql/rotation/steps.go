package rotation

import (
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/versions"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/cenkalti/backoff/v5"
)

// Create writes the secret's next value: the other user with a new password. It keeps unknown keys.
func (s *step) Create(ctx context.Context) error {
	now, err := s.Current(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Pending(ctx); !versions.IsMissing(err) {
		return err // it exists already, or could not be read
	}
	next := maps.Clone(now.Keys)
	if next["username"], err = s.settings.other(now.User.Username); err != nil {
		return err
	}
	next["password"], next["host"], next["port"] = versions.NewPassword(), s.settings.Host, s.settings.Port
	return s.Write(ctx, next)
}

// Set creates or changes the pending version's user in the database. It does not change the current user.
func (s *step) Set(ctx context.Context) (err error) {
	now, next, err := s.versions(ctx)
	if err != nil {
		return err
	}
	admin, err := s.admin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	if err := mysql.Clone(ctx, admin, s.login, now.User.Username, next.User); err != nil {
		return fmt.Errorf("letting %s do what %s may: %w", next.User, now.User, err)
	}
	return nil
}

// Test logs in as DMS does.
func (s *step) Test(ctx context.Context) (err error) {
	next, err := s.PendingOrCurrent(ctx)
	if err != nil {
		return err
	}
	session, err := s.connect(ctx, next.User)
	if mysql.Refused(err) {
		return fmt.Errorf("the database refuses user %s with the password of this version", next.User)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return mysql.MayFollow(ctx, session, next.User.Username)
}

// Finish makes the pending version the current one.
func (s *step) Finish(ctx context.Context) error {
	if _, _, err := s.versions(ctx); err != nil {
		return err
	}
	return s.Promote(ctx)
}

// versions are the current version and the pending one, if that still fits. An unfinished rotation may be resumed
// after the secret or the database has changed.
func (s *step) versions(ctx context.Context) (now, next versions.Version, err error) {
	if now, err = s.Current(ctx); err != nil {
		return now, next, err
	}
	if next, err = s.Pending(ctx); err != nil {
		return now, next, err
	}
	other, err := s.settings.other(now.User.Username)
	switch {
	case err != nil:
	case next.User.Username != other:
		// Otherwise the password would be set on the very user that DMS logs in as.
		err = fmt.Errorf("the pending version is for user %s, who is not the next after %s", next.User, now.User)
	case next.Keys["host"] != s.settings.Host || next.Keys["port"] != float64(s.settings.Port):
		err = errors.New("the database has moved since the pending version was written")
	}
	if err != nil {
		err = s.LeftOver(err)
	}
	return now, next, err
}

// admin logs in as the administrator. Each attempt reads the administrator's secret again: it may be in rotation too,
// and briefly differ from the database.
func (r *Rotator) admin(ctx context.Context) (Session, error) {
	attempt := func() (Session, error) {
		admin, err := versions.Read(ctx, r.secrets, &secretsmanager.GetSecretValueInput{SecretId: &r.settings.AdminSecret})
		if err != nil {
			return nil, backoff.Permanent(err)
		}
		session, err := r.connect(ctx, admin.User)
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
