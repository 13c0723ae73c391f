package stages

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// TaskChange changes the task's settings and the source endpoint's certificate: the task is stopped first, and
// runs afterwards.
func TaskChange(ctx context.Context, r *Run) error {
	wanted := []string{"StopReplicationTask", "ModifyReplicationTask", "ModifyEndpoint", "StartReplicationTask"}
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
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	for i, after := range r.calls("dms", wanted) {
		if after == before[i] {
			return fmt.Errorf("%s was not called: the change did not reach it", wanted[i])
		}
	}
	if err := taskRuns(ctx, r); err != nil {
		return err
	}
	return rowsReach(ctx, r, "after-change", r.output("searchDomainName"))
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

// renewedBundle holds the same authority as before in a file of other content, as a renewed bundle would.
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
