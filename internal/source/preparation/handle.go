package preparation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// connectPatience covers a writer that is not in DNS yet, or is failing over.
const connectPatience = 2 * time.Minute

// Patiently opens a session, and retries for two minutes after a temporary error.
func Patiently[S any](ctx context.Context, open func() (S, error), mayPass func(error) bool) (S, error) {
	attempt := func() (S, error) {
		s, err := open()
		if err != nil && !mayPass(err) {
			return s, backoff.Permanent(err)
		}
		return s, err
	}
	return backoff.Retry(ctx, attempt, backoff.WithMaxElapsedTime(connectPatience)) //nolint:wrapcheck // the caller adds with whom
}

// Job is the part of a request that all engines share.
type Job struct {
	// AdminSecret and ReplicationSecret are ARNs.
	AdminSecret, ReplicationSecret string
	Host                           string
	Port                           int
	// CheckOnly changes nothing.
	CheckOnly bool
}

// Prepare reads a job's secrets, logs in as the administrator, and calls work for the replication user. secretAddress
// is host:port in that user's secret; afterwards the secret has the job's address.
func Prepare[S io.Closer](ctx context.Context, secrets Secrets, j Job, connect func(admin Credentials) (S, error),
	work func(db S, user Credentials, secretAddress string) (Findings, error),
) (findings Findings, err error) {
	_, admin, err := ReadSecret(ctx, secrets, j.AdminSecret)
	if err != nil {
		return Findings{}, err
	}
	replication, user, err := ReadSecret(ctx, secrets, j.ReplicationSecret)
	if err != nil {
		return Findings{}, err
	}
	db, err := connect(admin)
	if err != nil {
		return Findings{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	findings, err = work(db, user, fmt.Sprintf("%v:%v", replication["host"], replication["port"]))
	if err != nil || j.CheckOnly {
		return findings, err
	}
	moved, err := replication.PointAt(ctx, secrets, j.ReplicationSecret, j.Host, j.Port)
	if moved {
		findings.Change("host and port in the replication secret")
	}
	return findings, err
}
