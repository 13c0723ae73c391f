package task

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// serverless is a serverless replication, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.html.
type serverless struct{}

// createdState is the name in DMS's guide for a replication that never ran,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html. The AWS provider starts one that
// is "ready", like a task, so both may occur.
const createdState = "created"

func (serverless) describe(ctx context.Context, api Reader, arn string) (*Description, error) {
	out, err := api.DescribeReplications(ctx, &dms.DescribeReplicationsInput{
		Filters: []types.Filter{{Name: aws.String("replication-config-arn"), Values: []string{arn}}},
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // Describe says what was read
	}
	for _, r := range out.Replications {
		if aws.ToString(r.ReplicationConfigArn) != arn {
			continue
		}
		d := &Description{
			Arn: arn, ID: aws.ToString(r.ReplicationConfigIdentifier), State: strings.ToLower(aws.ToString(r.Status)), MigrationType: r.ReplicationType,
			StopReason: aws.ToString(r.StopReason), Failure: strings.Join(r.FailureMessages, "; "),
			Source: aws.ToString(r.SourceEndpointArn), Target: aws.ToString(r.TargetEndpointArn), Stopped: r.ReplicationLastStopTime,
		}
		if d.State == createdState {
			d.State = StateReady
		}
		if s := r.ReplicationStats; s != nil {
			d.Started, d.Fresh, d.Loaded = s.StartDate, s.FreshStartDate, s.FullLoadFinishDate
			if s.StopDate != nil {
				d.Stopped = s.StopDate
			}
		}
		return d, nil
	}
	return nil, nil
}

func (serverless) statistics(ctx context.Context, api Reader, arn string) ([]types.TableStatistics, error) {
	var all []types.TableStatistics
	in := &dms.DescribeReplicationTableStatisticsInput{ReplicationConfigArn: &arn}
	for {
		out, err := api.DescribeReplicationTableStatistics(ctx, in)
		if err != nil {
			return nil, err //nolint:wrapcheck // Statistics says what was read
		}
		all = append(all, out.ReplicationTableStatistics...)
		if in.Marker = out.Marker; aws.ToString(in.Marker) == "" {
			return all, nil
		}
	}
}

func (serverless) start(ctx context.Context, api Writer, arn string, how types.StartReplicationTaskTypeValue) error {
	_, err := api.StartReplication(ctx, &dms.StartReplicationInput{ReplicationConfigArn: &arn, StartReplicationType: aws.String(string(how))})
	return err //nolint:wrapcheck // its caller says what was started
}

func (serverless) stop(ctx context.Context, api Writer, arn string) error {
	_, err := api.StopReplication(ctx, &dms.StopReplicationInput{ReplicationConfigArn: &arn})
	return err //nolint:wrapcheck // its caller says what was stopped
}

func (serverless) reload(ctx context.Context, api Writer, arn string, tables []types.TableToReload) error {
	_, err := api.ReloadReplicationTables(ctx, &dms.ReloadReplicationTablesInput{ReplicationConfigArn: &arn, TablesToReload: tables, ReloadOption: types.ReloadOptionValueDataReload})
	return err //nolint:wrapcheck // its caller says what was loaded
}

// keptFor is how long after its stop DMS can resume a serverless replication,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html.
const keptFor = 48 * time.Hour

// anew says what to do when a serverless task is of no more use.
const anew = "docs/operations.md says how to replace it: \"A serverless replication anew\""

// errNoFreshStart refuses a new full load: a serverless task loads all tables only in its first run. AWS's guide says
// so, but the API's page describes a start that would load them again
// (https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplication.html). The safe way is another task.
var errNoFreshStart = errors.New("a serverless task loads all tables in its first run alone: name tables with --reload-table, ten at a time; " + anew)

// lapsed refuses to start a serverless task whose capacity DMS has removed. DMS has then forgotten its tables and its
// binlog position: if it started anyway, changes would be missing.
func lapsed(d Description, now time.Time) error {
	if !Serverless(d.Arn) || d.Stopped == nil || now.Sub(*d.Stopped) < keptFor {
		return nil
	}
	return fmt.Errorf("the task stopped at %s, and DMS resumes a serverless task for 48 hours only; %s", d.Stopped.UTC().Format(time.RFC3339), anew)
}

// StartPatience is how long to wait for a start. A serverless task first reads the database's metadata and provisions
// capacity, which took up to an hour
// (https://vanhoangkha.github.io/000043-DMSSCT/4-serverless/4.1-migrate/4.1.2-replicationstages/).
func StartPatience(arn string) time.Duration {
	if Serverless(arn) {
		return 75 * time.Minute
	}
	return 15 * time.Minute
}
