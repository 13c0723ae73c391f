package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// kills stop something without warning, and start it again.
var kills = []fault{
	{
		name: "database-killed", short: true,
		what:   "The database is killed when a burst of changes is committed, and started again after two seconds.",
		load:   burst,
		inject: killDatabase, heal: writeMore,
		alarm: ending("latency-source", "latency-target", "searchable"),
	},
	{
		name: "task-killed", short: true,
		what:   "What runs the replication task is killed, with what it has read and not yet written to the stream, and runs again after four seconds.",
		inject: killTask, lasts: 6 * time.Second,
		alarm: ending("latency-source", "latency-target", "task-running", "searchable"),
	},
	{
		name: "function-killed", short: true,
		what:   "The environments of the current-state function are killed in the middle of a batch, again and again.",
		inject: killFunction,
		alarm:  ending("current-errors"),
	},
	{
		name: "deliveries-killed", short: true,
		what:   "The workers of both deliveries are killed with what is in their buffers, and others begin after three seconds.",
		inject: killDeliveries,
		alarm:  ending("lake-freshness", "search-freshness", "lake-behind", "search-behind"),
	},
	{
		name:   "search-killed",
		what:   "The domain's only node is killed, and started again after three seconds.",
		load:   tool.Load{Count: 600, Rate: usualRate},
		inject: func(ctx context.Context, s *scene) error { return s.domain.Crash(ctx, s.down(3*time.Second)) },
		alarm:  ending("current-age", "current-duration", "search-success", "search-freshness"),
	},
	{
		name:   "connections-cut",
		what:   "Every connection of the replication user is cut, again and again, as by a database that does not find its writer.",
		inject: cutConnections,
		alarm:  ending("latency-source", "latency-target", "task-running", "searchable"),
	},
}

// burst is written as fast as the database accepts it, so that everything is committed while the task has read only
// some of it.
var burst = tool.Load{Count: 1500}

// killDatabase waits until the writer has finished, because it would lose its connection, but the task has not.
func killDatabase(ctx context.Context, s *scene) error {
	if err := s.written(); err != nil {
		return err
	}
	s.Log.Detail("the database is killed when the task has read %d of %d changes", read(s.Run), s.want.read)
	return s.World.Database.Crash(ctx, s.down(2*time.Second)) //nolint:wrapcheck // the error names what was done
}

// writeMore writes some rows once the killed part is back.
func writeMore(ctx context.Context, s *scene) error {
	return s.writeAlso(ctx, s.journal+"-after", tool.Load{Count: 200, Tables: tables})
}

func killTask(_ context.Context, s *scene) error {
	return s.World.DMS.Crash(s.output("taskArn"), s.down(4*time.Second)) //nolint:wrapcheck // the error names the task
}

func killFunction(ctx context.Context, s *scene) error {
	name, err := s.currentFunction()
	if err != nil {
		return err
	}
	killed := 0
	for began := time.Now(); time.Since(began) < 15*time.Second && killed < 5 || time.Since(began) < s.down(0); {
		killed += s.World.Runner.Kill(name)
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	s.Log.Detail("%d environments of %s were killed at work", killed, name)
	if killed == 0 {
		return errors.New("the function was never at work when it was to be killed")
	}
	return nil
}

// currentFunction is the current-state function.
func (s *scene) currentFunction() (string, error) {
	for _, m := range s.World.Mappings.Stats() {
		if strings.Contains(m.Function, "current") {
			return m.Function, nil
		}
	}
	return "", errors.New("no function of the current state reads the stream")
}

// killDeliveries kills each delivery when its buffers have content.
func killDeliveries(ctx context.Context, s *scene) error {
	for _, name := range []string{s.output("searchDeliveryName"), s.output("lakeDeliveryName")} {
		if err := waitUntil(ctx, name+" holds records", func() (bool, error) { return s.World.Firehose.Stats()[name].Undelivered() > 0, nil }); err != nil {
			return err
		}
		held, err := s.World.Firehose.Crash(ctx, name, s.down(3*time.Second))
		if err != nil {
			return err //nolint:wrapcheck // the error names the delivery
		}
		s.Log.Detail("%s was killed with %d records in its buffers", name, held)
	}
	return nil
}

func cutConnections(ctx context.Context, s *scene) error {
	user, _, err := s.World.Credentials(ctx, s.output("replicationSecretArn"))
	if err != nil {
		return err //nolint:wrapcheck // the error names the secret
	}
	if err := cut(ctx, s.Run, user); err != nil {
		return err
	}
	for began := time.Now(); time.Since(began) < s.down(0); {
		if _, err := s.World.Database.Disconnect(ctx, user); err != nil {
			return fmt.Errorf("cutting the connections of %s: %w", user, err)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
