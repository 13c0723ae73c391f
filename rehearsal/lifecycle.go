package main

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// rehearseTaskChange changes the task's settings and the source endpoint's certificate: the task is stopped first, and
// runs afterwards.
func (r *rehearsal) rehearseTaskChange(ctx context.Context) error {
	return r.check("task_change", r.taskChange(ctx))
}

func (r *rehearsal) taskChange(ctx context.Context) error {
	wanted := []string{"StopReplicationTask", "ModifyReplicationTask", "ModifyEndpoint", "StartReplicationTask"}
	before := r.calls("dms", wanted)
	bundle, err := r.renewedBundle()
	if err != nil {
		return err
	}
	for key, value := range map[string]string{"cdc-pipeline:replication.lobMaxSizeKb": "32", "cdc-pipeline:source.caFile": bundle} {
		if err := r.stack.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	for i, after := range r.calls("dms", wanted) {
		if after == before[i] {
			return fmt.Errorf("%s was not called: the change did not reach it", wanted[i])
		}
	}
	if err := r.taskRuns(ctx); err != nil {
		return err
	}
	return r.rowsReach(ctx, "after-change", r.output("searchDomainName"))
}

// calls counts the deployer's calls of a service's operations.
func (r *rehearsal) calls(service string, operations []string) []int {
	counts := r.world.Proxy.Calls()[controlplane.Deployer]
	found := make([]int, len(operations))
	for i, name := range operations {
		found[i] = counts[controlplane.Action{Service: service, Name: name}]
	}
	return found
}

// renewedBundle holds the same authority as before in a file of other content, as a renewed bundle would.
func (r *rehearsal) renewedBundle() (string, error) {
	text, err := os.ReadFile(r.world.Site.Authority.File())
	if err != nil {
		return "", fmt.Errorf("reading the certificates: %w", err)
	}
	path := filepath.Join(r.world.Site.Dir, "renewed.pem")
	if err := os.WriteFile(path, append([]byte("# renewed\n"), text...), 0o600); err != nil {
		return "", fmt.Errorf("writing the certificates: %w", err)
	}
	return path, nil
}

func (r *rehearsal) taskRuns(ctx context.Context) error {
	client := databasemigrationservice.NewFromConfig(r.world.Account.Config())
	for began := time.Now(); ; {
		out, err := client.DescribeReplicationTasks(ctx, &databasemigrationservice.DescribeReplicationTasksInput{
			Filters: []types.Filter{{Name: aws.String("replication-task-arn"), Values: []string{r.output("taskArn")}}},
		})
		if err != nil {
			return fmt.Errorf("asking for the task: %w", err)
		}
		if len(out.ReplicationTasks) != 1 {
			return fmt.Errorf("there are %d tasks", len(out.ReplicationTasks))
		}
		status := aws.ToString(out.ReplicationTasks[0].Status)
		if status == "running" {
			return nil
		}
		if time.Since(began) > time.Minute {
			return fmt.Errorf("the task is %s, not running: %s", status, aws.ToString(out.ReplicationTasks[0].LastFailureMessage))
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

const addedTable = "shop.returns"

// rehearseTableAdded adds a table that has rows to the configuration: it is said to be not loaded, its changes are
// followed at once, and the operator's tool loads it.
func (r *rehearsal) rehearseTableAdded(ctx context.Context) error {
	return r.check("table_added", r.tableAdded(ctx))
}

func (r *rehearsal) tableAdded(ctx context.Context) error {
	if err := execute(ctx, r.world.Database.Root(), `CREATE TABLE `+addedTable+` (
		return_id BIGINT AUTO_INCREMENT PRIMARY KEY, reason VARCHAR(40), refund DECIMAL(12,2) NOT NULL, returned_at DATETIME(3) NOT NULL)`); err != nil {
		return err
	}
	if err := r.generate(ctx, "loaded-returns", 150, "100/0/0", 21, []string{addedTable}, "--stack", "rehearsal", "--dir", r.stack.Dir()); err != nil {
		return err
	}
	schema, table, _ := strings.Cut(addedTable, ".")
	for key, value := range map[string]string{"database": schema, "table": table} {
		if err := r.stack.SetConfig(ctx, "cdc-pipeline:source.tables[2]."+key, value); err != nil {
			return err
		}
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("adding the table: %w", err)
	}
	if got := r.outputList("tablesNotLoaded"); !slices.Equal(got, []string{addedTable}) {
		return fmt.Errorf("the output tablesNotLoaded is %v, not %s", got, addedTable)
	}
	if err := r.generate(ctx, "returns", 120, "70/20/10", 22, []string{addedTable}, "--stack", "rehearsal", "--dir", r.stack.Dir()); err != nil {
		return err
	}
	if err := r.arrive(ctx, "returns"); err != nil {
		return fmt.Errorf("following the new table before it is loaded: %w", err)
	}
	if _, err := r.operate(ctx, "start-reload-table", 0, "start", "--reload-table", addedTable, "--ca", r.world.Site.Authority.File()); err != nil {
		return err
	}
	if err := r.arrive(ctx, "loaded-returns"); err != nil {
		return fmt.Errorf("loading the new table: %w", err)
	}
	u, err := r.deploy(ctx)
	if err != nil {
		return err
	}
	if got := r.outputList("tablesNotLoaded"); len(got) > 0 {
		return fmt.Errorf("the output tablesNotLoaded still is %v", got)
	}
	if n := u.Touched(); n > 0 {
		return fmt.Errorf("an up after loading the table changed %d resources: %v", n, u.Changes)
	}
	return nil
}

// arrive waits until all that a journal names is in the history and in the lake.
func (r *rehearsal) arrive(ctx context.Context, journal string) error {
	written, err := r.written(journal)
	if err != nil {
		return err
	}
	return r.await(ctx, len(written), func() ([]string, error) {
		history, err := r.history(ctx, r.output("searchDomainName"))
		if err != nil {
			return nil, err
		}
		lake, err := r.lake(ctx, r.output("lakePrefix")+"/")
		return append(reconcile.Compare(written, history).Lost, reconcile.Compare(written, lake).Lost...), err
	})
}

// rehearseRotation rotates every password while rows flow: the replication user's twice, the database master's, the
// domain master's. The next `up` must change nothing.
func (r *rehearsal) rehearseRotation(ctx context.Context) error {
	return r.check("rotation", r.rotation(ctx))
}

func (r *rehearsal) rotation(ctx context.Context) error {
	secret := r.output("replicationSecretArn")
	users := map[string]bool{}
	for _, round := range []string{"first", "second"} {
		before, _, err := r.world.Credentials(ctx, secret)
		if err != nil {
			return err //nolint:wrapcheck // names the secret
		}
		if err := r.rotate(ctx, secret); err != nil {
			return fmt.Errorf("the %s rotation: %w", round, err)
		}
		after, _, err := r.world.Credentials(ctx, secret)
		if err != nil {
			return err //nolint:wrapcheck // as above
		}
		if before == after {
			return fmt.Errorf("the %s rotation left the user %s in the secret", round, after)
		}
		users[after] = true
		if err := r.rowsReach(ctx, round+"-rotation-before-cut", r.output("searchDomainName")); err != nil {
			return fmt.Errorf("after the %s rotation, on the connection of before: %w", round, err)
		}
		if err := r.cut(ctx, before); err != nil {
			return err
		}
		if err := r.rowsReach(ctx, round+"-rotation-after-cut", r.output("searchDomainName")); err != nil {
			return fmt.Errorf("after the %s rotation, connected anew: %w", round, err)
		}
	}
	if len(users) != 2 {
		return fmt.Errorf("two rotations used the users %v: want two that take turns", users)
	}
	if err := r.rotateMasters(ctx); err != nil {
		return err
	}
	u, err := r.stack.Up(ctx, r.pack, r.tell)
	if err != nil {
		return fmt.Errorf("the up after all rotations: %w", err)
	}
	if n := u.Touched(); n > 0 {
		return fmt.Errorf("the up after all rotations changed %d resources: %v", n, u.Changes)
	}
	return r.rowsReach(ctx, "rotated", r.output("searchDomainName"))
}

// rotate has Secrets Manager rotate a secret now, and waits for its end.
func (r *rehearsal) rotate(ctx context.Context, secret string) error {
	client := secretsmanager.NewFromConfig(r.world.Account.Config())
	if _, err := client.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &secret}); err != nil {
		return fmt.Errorf("asking for it: %w", err)
	}
	return r.world.Rotations.Wait() //nolint:wrapcheck // names the secret and the step
}

// cut ends the connections of a database user, as a failover does; there must be one.
func (r *rehearsal) cut(ctx context.Context, user string) error {
	n, err := r.world.Database.Disconnect(ctx, user)
	if err != nil {
		return fmt.Errorf("cutting the connections of %s: %w", user, err)
	}
	if n == 0 {
		return fmt.Errorf("the task has no connection as %s to cut", user)
	}
	return nil
}

// rotateMasters has RDS rotate the database's master password, and the program the domain's.
func (r *rehearsal) rotateMasters(ctx context.Context) error {
	_, old, err := r.world.Credentials(ctx, r.output("sourceSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // names the secret
	}
	client := rds.NewFromConfig(r.world.Account.Config())
	clusters, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
	if err != nil || len(clusters.DBClusters) != 1 {
		return errors.Join(fmt.Errorf("finding the cluster among %d", len(clusters.DBClusters)), err)
	}
	if _, err := client.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
		DBClusterIdentifier: clusters.DBClusters[0].DBClusterIdentifier, RotateMasterUserPassword: aws.Bool(true), ApplyImmediately: aws.Bool(true),
	}); err != nil {
		return fmt.Errorf("rotating the database's master password: %w", err)
	}
	_, now, err := r.world.Credentials(ctx, r.output("sourceSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	if old == now {
		return errors.New("the database's master password is the old one")
	}
	_, old, err = r.world.Credentials(ctx, r.output("searchMasterSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	if err := r.stack.SetConfig(ctx, "cdc-pipeline:search.passwordGeneration", "2"); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("rotating the domain's master password: %w", err)
	}
	user, now, err := r.world.Credentials(ctx, r.output("searchMasterSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // as above
	}
	if old == now {
		return errors.New("the domain's master password is the old one")
	}
	return r.domainAdmits(ctx, user, now, old)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // interrupted
	case <-time.After(d):
		return nil
	}
}

// domainAdmits checks that the domain takes the new password and refuses the old one.
func (r *rehearsal) domainAdmits(ctx context.Context, user, now, old string) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.world.Site.Authority.Pool(), MinVersion: tls.VersionTLS12}}}
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
