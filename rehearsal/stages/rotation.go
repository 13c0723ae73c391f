package stages

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Rotation rotates every password while rows are written: the replication user's twice, the database master's, the
// domain master's. The next `up` must change nothing.
func Rotation(ctx context.Context, r *Run) error {
	secret := r.output("replicationSecretArn")
	users := map[string]bool{}
	for _, round := range []string{"first", "second"} {
		before, _, err := r.World.Credentials(ctx, secret)
		if err != nil {
			return err //nolint:wrapcheck // the error names the secret
		}
		if err := rotate(ctx, r, secret); err != nil {
			return fmt.Errorf("the %s rotation: %w", round, err)
		}
		after, _, err := r.World.Credentials(ctx, secret)
		if err != nil {
			return err //nolint:wrapcheck // as above
		}
		if before == after {
			return fmt.Errorf("the %s rotation left the user %s in the secret", round, after)
		}
		users[after] = true
		if err := rowsReach(ctx, r, round+"-rotation-before-cut", r.searched().history); err != nil {
			return fmt.Errorf("after the %s rotation, on the connection of before: %w", round, err)
		}
		if err := cut(ctx, r, before); err != nil {
			return err
		}
		if err := rowsReach(ctx, r, round+"-rotation-after-cut", r.searched().history); err != nil {
			return fmt.Errorf("after the %s rotation, connected anew: %w", round, err)
		}
	}
	if len(users) != 2 {
		return fmt.Errorf("two rotations used the users %v: want two that take turns", users)
	}
	if err := rotateMasters(ctx, r); err != nil {
		return err
	}
	u, err := r.Stack.Up(ctx, r.Pack, r.tell)
	if err != nil {
		return fmt.Errorf("the up after all rotations: %w", err)
	}
	if n := u.Touched(); n > 0 {
		return fmt.Errorf("the up after all rotations changed %d resources: %v", n, u.Changes)
	}
	return rowsReach(ctx, r, "rotated", r.searched().history)
}

// rotate makes Secrets Manager rotate a secret now, and waits for the end.
func rotate(ctx context.Context, r *Run, secret string) error {
	client := secretsmanager.NewFromConfig(r.World.Account.Config())
	if _, err := client.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &secret}); err != nil {
		return fmt.Errorf("asking for it: %w", err)
	}
	return r.World.Rotations.Wait() //nolint:wrapcheck // the error names the secret and the step
}

// cut ends a database user's connections, like a failover. There must be at least one.
func cut(ctx context.Context, r *Run, user string) error {
	n, err := r.World.Database.Disconnect(ctx, user)
	if err != nil {
		return fmt.Errorf("cutting the connections of %s: %w", user, err)
	}
	if n == 0 {
		return fmt.Errorf("the task has no connection as %s to cut", user)
	}
	return nil
}

// rotateMasters makes RDS rotate the database's master password, and the program the domain's.
func rotateMasters(ctx context.Context, r *Run) error {
	_, old, err := r.World.Credentials(ctx, r.output("sourceSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // the error names the secret
	}
	client := rds.NewFromConfig(r.World.Account.Config())
	clusters, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
	if err != nil || len(clusters.DBClusters) != 1 {
		return errors.Join(fmt.Errorf("finding the cluster among %d", len(clusters.DBClusters)), err)
	}
	if _, err := client.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
		DBClusterIdentifier: clusters.DBClusters[0].DBClusterIdentifier, RotateMasterUserPassword: aws.Bool(true), ApplyImmediately: aws.Bool(true),
	}); err != nil {
		return fmt.Errorf("rotating the database's master password: %w", err)
	}
	_, now, err := r.World.Credentials(ctx, r.output("sourceSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	if old == now {
		return errors.New("the database's master password is the old one")
	}
	_, old, err = r.World.Credentials(ctx, r.output("searchMasterSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	if err := r.Stack.SetConfig(ctx, "cdc-pipeline:search.passwordGeneration", "2"); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("rotating the domain's master password: %w", err)
	}
	user, now, err := r.World.Credentials(ctx, r.output("searchMasterSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	if old == now {
		return errors.New("the domain's master password is the old one")
	}
	return domainAdmits(ctx, r, user, now, old)
}

// domainAdmits checks that the domain accepts the new password and refuses the old one.
func domainAdmits(ctx context.Context, r *Run, user, now, old string) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.World.Site.Authority.Pool(), MinVersion: tls.VersionTLS12}}}
	for password, want := range map[string]int{now: http.StatusOK, old: http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.output("searchUrl"), http.NoBody)
		if err != nil {
			return fmt.Errorf("asking the domain: %w", err)
		}
		request.SetBasicAuth(user, password)
		answer, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("asking the domain: %w", err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			return fmt.Errorf("the domain answers %d, not %d, to the %s password", answer.StatusCode, want, map[bool]string{true: "new", false: "old"}[password == now])
		}
	}
	return nil
}
