package rotation

import (
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/source/versions"
	"context"
	"errors"
	"fmt"
	"maps"
)

// step is the state of one event.
type step struct {
	*Rotator
	*versions.Step
}

// Create writes the secret's next value: the same user with a new password. It keeps unknown keys.
func (s *step) Create(ctx context.Context) error {
	now, err := s.Current(ctx)
	if err != nil {
		return err
	}
	if err := s.mine(now); err != nil {
		return err
	}
	if _, err := s.Pending(ctx); !versions.IsMissing(err) {
		return err // it exists already, or could not be read
	}
	next := maps.Clone(now.Keys)
	next["password"], next["host"], next["port"] = versions.NewPassword(), s.settings.Host, s.settings.Port
	return s.Write(ctx, next)
}

// mine checks that a version belongs to the rotated user.
func (s *step) mine(v versions.Version) error {
	if v.User.Username != s.settings.User {
		return fmt.Errorf("the secret names user %q, and only %s is rotated here", v.User.Username, s.settings.User)
	}
	return nil
}

// Set changes the password in the database, unless an earlier attempt did. The user logs in with whichever other
// password works.
func (s *step) Set(ctx context.Context) error {
	now, next, err := s.versions(ctx)
	if err != nil {
		return err
	}
	if err := s.try(ctx, next.User); !postgres.Refused(err) {
		return err // the database has it already, or could not be asked
	}
	former, err := s.Previous(ctx)
	if err != nil && !versions.IsMissing(err) {
		return err
	}
	for _, known := range []versions.Version{now, former} {
		if known.User.Username != s.settings.User {
			continue
		}
		session, err := s.connect(ctx, known.User)
		if postgres.Refused(err) {
			continue
		}
		if err != nil {
			return err
		}
		return errors.Join(s.change(ctx, session, known.User, next.User), session.Close())
	}
	return fmt.Errorf("the database refuses user %s with every password of the secret: run the bootstrap again, which sets the current one (pulumi up --replace with the URN of its invocation)", s.settings.User)
}

// change sets the new password in the user's own session. If a login with it then fails, it restores the former one,
// for which the session is still open.
func (s *step) change(ctx context.Context, session postgres.Session, former, next postgres.Credentials) error {
	if err := postgres.SetPassword(ctx, session, next); err != nil {
		return err
	}
	if err := s.try(ctx, next); postgres.Refused(err) {
		return errors.Join(fmt.Errorf("the database refuses the password that it was just given: %w", err), postgres.SetPassword(ctx, session, former))
	}
	return nil // the next step finds other reasons for a failed login
}

// try logs in and out.
func (s *step) try(ctx context.Context, user postgres.Credentials) error {
	session, err := s.connect(ctx, user)
	if err != nil {
		return err
	}
	return session.Close()
}

// Test logs in as DMS does.
func (s *step) Test(ctx context.Context) (err error) {
	next, err := s.PendingOrCurrent(ctx)
	if err == nil {
		err = s.mine(next)
	}
	if err != nil {
		return err
	}
	session, err := s.connect(ctx, next.User)
	if postgres.Refused(err) {
		return fmt.Errorf("the database refuses user %s with the password of this version", next.User)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return postgres.MayFollow(ctx, session, next.User.Username)
}

// Finish makes the pending version current, if the database has its password.
func (s *step) Finish(ctx context.Context) error {
	_, next, err := s.versions(ctx)
	if err != nil {
		return err
	}
	if err := s.try(ctx, next.User); err != nil {
		return fmt.Errorf("the database has another password than this version: rotate again: %w", err)
	}
	return s.Promote(ctx)
}

// versions are the current version and the pending one, if that still fits.
func (s *step) versions(ctx context.Context) (now, next versions.Version, err error) {
	if now, err = s.Current(ctx); err != nil {
		return now, next, err
	}
	if next, err = s.Pending(ctx); err != nil {
		return now, next, err
	}
	if err = errors.Join(s.mine(now), s.mine(next)); err == nil && (next.Keys["host"] != s.settings.Host || next.Keys["port"] != float64(s.settings.Port)) {
		err = errors.New("the database has moved since the pending version was written")
	}
	if err != nil {
		err = s.LeftOver(err)
	}
	return now, next, err
}
