package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// mistakes are things that an operator turns off or removes, and that an alarm reports.
var mistakes = []fault{
	{
		name:   "task-stopped",
		what:   "An operator stops the replication task and forgets it; cdc start lets it go on.",
		load:   tool.Load{Count: 900, Rate: usualRate},
		inject: stopTask, lasts: toNotice, heal: startTask,
		alarm: ending("task-running", "searchable"),
	},
	{
		name:   "user-locked",
		what:   "An administrator locks the replication user, whose connections end: the task fails; the user is unlocked, and cdc start lets the task go on.",
		load:   tool.Load{Count: 900, Rate: usualRate},
		inject: lockUser, lasts: toNotice, heal: unlockUser,
		alarm: ending("task-running", "searchable", "canary-failing"),
	},
	{
		name:   "mapping-disabled",
		what:   "An operator disables the event source mapping of the current-state function, and enables it again.",
		load:   tool.Load{Count: 900, Rate: usualRate},
		inject: enableMapping(false), lasts: toNotice, heal: enableMapping(true),
		alarm: ending("searchable"), // Lambda publishes no age of records that it does not read
	},
	{
		name:   "function-throttled",
		what:   "An operator sets the reserved concurrency of the current-state function to 0, and removes it again.",
		load:   tool.Load{Count: 900, Rate: usualRate},
		inject: throttle, lasts: toNotice, heal: unthrottle,
		alarm: ending("current-throttles"),
	},
	{
		name:   "rotation-refused",
		what:   "The master user may change no users any more: a rotation fails; the privileges are given back, and the rotation is repeated.",
		inject: failRotation, heal: repeatRotation,
		alarm: ending("rotation"),
	},
}

func stopTask(ctx context.Context, s *scene) error {
	client := databasemigrationservice.NewFromConfig(s.World.Account.Config())
	if _, err := client.StopReplicationTask(ctx, &databasemigrationservice.StopReplicationTaskInput{ReplicationTaskArn: aws.String(s.output("taskArn"))}); err != nil {
		return fmt.Errorf("stopping the task: %w", err)
	}
	return nil
}

func startTask(ctx context.Context, s *scene) error {
	_, err := s.Tool.Run(ctx, "start-"+s.fault.name, 0, "start")
	return err //nolint:wrapcheck // the error names what was done
}

// replicationUser in the syntax of a statement.
func (s *scene) replicationUser(ctx context.Context) (name, account string, err error) {
	name, _, err = s.World.Credentials(ctx, s.output("replicationSecretArn"))
	return name, "'" + name + "'@'%'", err //nolint:wrapcheck // the error names the secret
}

func lockUser(ctx context.Context, s *scene) error {
	name, account, err := s.replicationUser(ctx)
	if err != nil {
		return err
	}
	if err := s.sql(ctx, "ALTER USER "+account+" ACCOUNT LOCK"); err != nil {
		return err
	}
	return cut(ctx, s.Run, name)
}

func unlockUser(ctx context.Context, s *scene) error {
	_, account, err := s.replicationUser(ctx)
	if err != nil {
		return err
	}
	if err := s.sql(ctx, "ALTER USER "+account+" ACCOUNT UNLOCK"); err != nil {
		return err
	}
	return startTask(ctx, s)
}

// enableMapping enables or disables the current-state function's mapping.
func enableMapping(enabled bool) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		name, err := s.currentFunction()
		if err != nil {
			return err
		}
		for uuid, m := range s.World.Mappings.Stats() {
			if m.Function != name {
				continue
			}
			if _, err := s.lambda().UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: &uuid, Enabled: &enabled}); err != nil {
				return fmt.Errorf("enabling the mapping of %s: %t: %w", name, enabled, err)
			}
		}
		return nil
	}
}

func (s *scene) lambda() *lambda.Client { return lambda.NewFromConfig(s.World.Account.Config()) }

func throttle(ctx context.Context, s *scene) error {
	name, err := s.currentFunction()
	if err != nil {
		return err
	}
	if _, err := s.lambda().PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		return fmt.Errorf("taking the concurrency of %s away: %w", name, err)
	}
	return nil
}

func unthrottle(ctx context.Context, s *scene) error {
	name, err := s.currentFunction()
	if err != nil {
		return err
	}
	if _, err := s.lambda().DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name}); err != nil {
		return fmt.Errorf("giving %s its concurrency back: %w", name, err)
	}
	return nil
}

// mayChangeUsers grants or revokes the master user's privileges for a rotation. Each of them alone is enough to
// change a user.
func (s *scene) mayChangeUsers(ctx context.Context, may bool) error {
	master, _, err := s.World.Credentials(ctx, s.output("sourceSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // the error names the secret
	}
	if may {
		return s.sql(ctx, "GRANT CREATE USER, UPDATE ON *.* TO '"+master+"'@'%' WITH GRANT OPTION")
	}
	return s.sql(ctx, "REVOKE CREATE USER, UPDATE ON *.* FROM '"+master+"'@'%'")
}

func failRotation(ctx context.Context, s *scene) error {
	if err := s.mayChangeUsers(ctx, false); err != nil {
		return err
	}
	if err := rotate(ctx, s.Run, s.output("replicationSecretArn")); err == nil {
		return errors.New("the rotation has succeeded without the privileges that it needs")
	}
	return nil
}

func repeatRotation(ctx context.Context, s *scene) error {
	if err := s.mayChangeUsers(ctx, true); err != nil {
		return err
	}
	err := rotate(ctx, s.Run, s.output("replicationSecretArn"))
	// The version of the failed rotation is still pending. Asked again, Secrets Manager reports that and resumes the
	// rotation.
	if _, pending := errors.AsType[*smtypes.InvalidRequestException](err); pending {
		return s.World.Rotations.Wait() //nolint:wrapcheck // the error names the secret and the step
	}
	return err
}
