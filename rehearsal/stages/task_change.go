package stages

import (
	"cdcpipeline/internal/task"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// TaskChange changes the task's settings and the source endpoint's certificate, first while the database locks the
// replication user out. That deployment fails and says so. The next one finds nothing to change, and the task runs.
func TaskChange(ctx context.Context, r *Run) error {
	wanted := []string{"StopReplicationTask", "ModifyReplicationTask", "ModifyEndpoint"}
	if task.Serverless(r.output("taskArn")) {
		wanted = []string{"StopReplication", "ModifyReplicationConfig", "ModifyEndpoint"}
	}
	before := r.calls("dms", wanted)
	bundle, err := renewedBundle(r)
	if err != nil {
		return err
	}
	for key, value := range map[string]string{"cdc-pipeline:replication.lobMaxSizeKb": "32", "cdc-pipeline:source.caFile": bundle} {
		if err := r.Stack.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	change := &report.EndpointChange{}
	r.Report.EndpointChange = change
	if change.Unreachable, err = deployLockedOut(ctx, r); err != nil {
		return err
	}
	for i, after := range r.calls("dms", wanted) {
		if after == before[i] {
			return fmt.Errorf("%s was not called: the change did not reach it", wanted[i])
		}
	}
	u, err := r.deploy(ctx)
	if err != nil {
		return err
	}
	change.Changes = u.Touched()
	if err := taskRuns(ctx, r); err != nil {
		return err
	}
	change.TaskRunning = true
	return rowsReach(ctx, r, "after-change", r.searched().history)
}

// deployLockedOut deploys, and locks the replication user out once the bootstrap, which would notice, has ended. It
// returns the deployment's error.
func deployLockedOut(ctx context.Context, r *Run) (problem string, err error) {
	user, _, err := r.World.Credentials(ctx, r.output("replicationSecretArn"))
	if err != nil {
		return "", err //nolint:wrapcheck // the error names the secret
	}
	lock := func(how string) error {
		return execute(ctx, r.World.Database.Root(), "ALTER USER '"+user+"'@'%' ACCOUNT "+how)
	}
	locked := errors.New("the bootstrap did not run")
	r.onFunction = func(name string) {
		if strings.Contains(name, "bootstrap") {
			locked = lock("LOCK")
		}
	}
	_, failed := r.Stack.Up(ctx, r.Pack, r.tell)
	r.onFunction = nil
	if locked != nil {
		return "", locked
	}
	if failed != nil {
		problem = failed.Error()
	}
	return problem, lock("UNLOCK")
}

// calls counts the deployer's calls of a service's operations.
func (r *Run) calls(service string, operations []string) []int {
	counts := r.World.Proxy.Calls()[controlplane.Deployer]
	found := make([]int, len(operations))
	for i, name := range operations {
		found[i] = counts[controlplane.Action{Service: service, Name: name}]
	}
	return found
}

// renewedBundle is a file with the same authority but other content, like a renewed bundle.
func renewedBundle(r *Run) (string, error) {
	text, err := os.ReadFile(r.World.Site.Authority.File())
	if err != nil {
		return "", fmt.Errorf("reading the certificates: %w", err)
	}
	path := filepath.Join(r.World.Site.Dir, "renewed.pem")
	if err := os.WriteFile(path, append([]byte("# renewed\n"), text...), 0o600); err != nil {
		return "", fmt.Errorf("writing the certificates: %w", err)
	}
	return path, nil
}

func taskRuns(ctx context.Context, r *Run) error {
	client := databasemigrationservice.NewFromConfig(r.World.Account.Config())
	for began := time.Now(); ; {
		found, err := task.Describe(ctx, client, r.output("taskArn"))
		if err != nil {
			return fmt.Errorf("asking for the task: %w", err)
		}
		if found.State == task.StateRunning {
			return nil
		}
		if time.Since(began) > time.Minute {
			return fmt.Errorf("the task is %s, not running: %s", found.State, found.Failure)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}
