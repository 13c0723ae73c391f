package stages

import (
	"cdcpipeline/rehearsal/standins/opensearch"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// refusals are temporary refusals by the domain, or by its operator. No document is at fault, so nothing must be
// parked.
var refusals = []fault{
	{
		name: "storm-of-429", short: true,
		what:   "The domain refuses every other bulk request with 429, and every third document of the others.",
		inject: storm(opensearch.Faults{Request: every(2), Item: every(3)}),
		lasts:  8 * time.Second, heal: calm,
		alarm: ending("search-success", "search-freshness", "current-age", "current-duration"),
	},
	{
		name:   "storm-of-503",
		what:   "The domain answers every other bulk request with 503, and every third document of the others.",
		inject: storm(opensearch.Faults{Request: every(2), Item: every(3), Status: http.StatusServiceUnavailable}),
		lasts:  8 * time.Second, heal: calm,
		alarm: ending("search-success", "search-freshness", "current-age", "current-duration"),
	},
	{
		name:   "slow-answers",
		what:   "The domain takes two seconds for each bulk request, and for every fourth one longer than its callers wait.",
		inject: storm(opensearch.Faults{Slow: slow}),
		lasts:  12 * time.Second,
		heal: func(_ context.Context, s *scene) error {
			s.domain.Inject(opensearch.Faults{})
			return nil
		},
		alarm: ending("current-duration", "current-age", "search-freshness"),
	},
	{
		name: "answers-lost", short: true,
		what:   "The domain does what every third bulk request asks for, and its caller never hears of it.",
		inject: storm(opensearch.Faults{Mute: every(3)}),
		lasts:  8 * time.Second, heal: calm,
		alarm: ending("search-success", "search-freshness", "current-age", "current-duration"),
	},
	{
		name: "credentials-expired", short: true,
		what:   "The domain refuses every signature as one of expired credentials.",
		inject: storm(opensearch.Faults{Expired: true}),
		lasts:  8 * time.Second,
		heal: func(_ context.Context, s *scene) error {
			s.domain.Inject(opensearch.Faults{})
			return nil
		},
		alarm: ending("search-success", "search-freshness", "current-age", "current-duration"),
	},
	{
		name: "index-read-only", short: true,
		what:   "An operator sets a write block on the current index of one table.",
		inject: blockCurrent("index.blocks.write", true),
		lasts:  7 * time.Second, heal: blockCurrent("index.blocks.write", false),
		alarm: ending("current-age", "current-duration", "iterator-age"),
	},
	{
		name:   "history-read-only",
		what:   "An operator sets a write block on the history index.",
		inject: blockHistory("index.blocks.write", true),
		lasts:  7 * time.Second, heal: blockHistory("index.blocks.write", false),
		alarm: ending("search-success", "search-freshness"),
	},
	{
		name:   "index-closed",
		what:   "An operator closes the current index of one table, and opens it again.",
		inject: onCurrent(http.MethodPost, "/_close"),
		lasts:  7 * time.Second, heal: onCurrent(http.MethodPost, "/_open"),
		alarm: ending("current-age", "current-duration", "iterator-age"),
	},
	{
		name:   "flood-stage",
		what:   "The disk is full to its flood stage: every index of the pipeline allows nothing but deletions.",
		inject: flood(true), lasts: 7 * time.Second, heal: flood(false),
		alarm: ending("domain-blocked", "search-success", "current-age"),
	},
	{
		name:   "alias-of-two-indices",
		what:   "The alias under which a current index is written leads to a second index.",
		inject: strayIndex, lasts: 7 * time.Second, heal: strayIndexGone,
		alarm: ending("current-age", "current-duration", "iterator-age"),
	},
	{
		name:   "mapping-removed",
		what:   "The mapping of the current-state function's role is removed from the domain; a refresh and an up put it back.",
		inject: removeMapping("-current-"), lasts: 5 * time.Second, heal: refreshAndUp,
		alarm: ending("current-age", "current-duration", "iterator-age"),
	},
	{
		name: "delivery-locked-out",
		what: "The mapping of the history delivery's role is removed until the delivery has given documents up; " +
			"a refresh and an up put it back, cdc replay --history brings what is missing.",
		inject: lockOutDelivery, lasts: 10 * time.Second, heal: replayHistory,
		alarm: ending("search-failed", "search-success"),
	},
	{
		name:   "password-rotated",
		what:   "The replication user's password is rotated, and the connections of the former user are cut.",
		inject: rotateAndCut, // this is normal operation, so nobody needs to be told
	},
}

// every selects every nth of something.
func every(nth int64) func(int64) bool { return func(n int64) bool { return n%nth == 0 } }

// slow delays every answer by two seconds, and every fourth one beyond the function's timeout.
func slow(n int64) time.Duration {
	if n%4 == 0 {
		return 25 * time.Second
	}
	return 2 * time.Second
}

func storm(f opensearch.Faults) func(context.Context, *scene) error {
	return func(_ context.Context, s *scene) error {
		s.met = s.refused()
		s.domain.Inject(f)
		return nil
	}
}

// calm ends the fault injected into the domain, which must have affected somebody.
func calm(_ context.Context, s *scene) error {
	s.domain.Inject(opensearch.Faults{})
	if s.refused() == s.met {
		return errors.New("nobody was refused anything")
	}
	return nil
}

// refused is how much the domain's faults have refused so far.
func (s *scene) refused() (n int64) {
	for _, t := range s.domain.Throttled() {
		n += t.Requests + t.Items
	}
	return n
}

// brokenTable is the table whose current index is broken.
const brokenTable = "shop.ledger"

// onDomain changes indices as an operator does.
func (s *scene) onDomain(ctx context.Context, method, what string, body any, indices ...string) error {
	admin, err := s.admin(ctx, s.searched().current)
	if err != nil {
		return err
	}
	for _, index := range indices {
		if err := admin.Do(ctx, method, "/"+index+what, body, nil); err != nil {
			return fmt.Errorf("%s of %s: %w", what, index, err)
		}
	}
	return nil
}

func onCurrent(method, what string) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		indices, err := indicesBehind(ctx, s.Run, s.aliasOf(brokenTable))
		if err != nil {
			return err
		}
		return s.onDomain(ctx, method, what, nil, indices...)
	}
}

func blockCurrent(block string, on bool) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		indices, err := indicesBehind(ctx, s.Run, s.aliasOf(brokenTable))
		if err != nil {
			return err
		}
		return s.onDomain(ctx, http.MethodPut, "/_settings", map[string]any{block: on}, indices...)
	}
}

func blockHistory(block string, on bool) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		return s.onDomain(ctx, http.MethodPut, "/_settings", map[string]any{block: on}, s.output("historyIndex"))
	}
}

// flood blocks indices like OpenSearch at a disk's flood stage, and unblocks them like OpenSearch once there is space
// again, https://docs.opensearch.org/latest/install-and-configure/configuring-opensearch/cluster-settings/.
func flood(on bool) func(context.Context, *scene) error {
	const block = "index.blocks.read_only_allow_delete"
	return func(ctx context.Context, s *scene) error {
		if err := blockHistory(block, on)(ctx, s); err != nil {
			return err
		}
		for _, table := range tables {
			indices, err := indicesBehind(ctx, s.Run, s.aliasOf(table))
			if err != nil {
				return err
			}
			if err := s.onDomain(ctx, http.MethodPut, "/_settings", map[string]any{block: on}, indices...); err != nil {
				return err
			}
		}
		return nil
	}
}

// stray is an index that does not belong behind the alias.
const stray = "stray"

func strayIndex(ctx context.Context, s *scene) error {
	indices, err := indicesBehind(ctx, s.Run, s.aliasOf(brokenTable))
	if err != nil {
		return err
	}
	if err := s.onDomain(ctx, http.MethodPut, "", map[string]any{}, stray); err != nil {
		return err
	}
	return s.onDomain(ctx, http.MethodPut, "/_alias/"+indices[0]+"-w", nil, stray)
}

func strayIndexGone(ctx context.Context, s *scene) error {
	return s.onDomain(ctx, http.MethodDelete, "", nil, stray)
}

// removeMapping removes the role mapping whose role has this in its name from the domain, outside the program.
func removeMapping(of string) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		all, err := mapped(ctx, s.Run, s.output("searchDomainName"))
		if err != nil {
			return err
		}
		for arn, role := range all {
			if strings.Contains(arn, of) {
				s.Log.Detail("the mapping of %s is removed", role)
				return s.onDomain(ctx, http.MethodDelete, "", nil, "_plugins/_security/api/rolesmapping/"+role)
			}
		}
		return fmt.Errorf("no role with %s in its name is mapped: %v", of, all)
	}
}

// lockOutDelivery makes the delivery give up sooner than usual.
func lockOutDelivery(ctx context.Context, s *scene) error {
	s.World.Firehose.Hurry(quickly)
	return removeMapping("-search-delivery-")(ctx, s)
}

// replayHistory restores from the lake what the delivery could not deliver.
func replayHistory(ctx context.Context, s *scene) error {
	name := s.output("searchDeliveryName")
	before := s.want.parked[name]
	if err := refreshAndUp(ctx, s); err != nil {
		return err
	}
	s.World.Firehose.Hurry(usualPace)
	if err := s.written(); err != nil {
		return err
	}
	if err := awaitRead(ctx, s.Run, s.want.read); err != nil {
		return err
	}
	if err := s.World.Firehose.Drain(ctx); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	s.want.parked[name] = s.World.Firehose.Stats()[name].Parked
	s.Log.Detail("the delivery has given %d documents up", s.want.parked[name]-before)
	if s.want.parked[name] == before {
		return errors.New("the delivery has given nothing up")
	}
	command := []string{"replay", "--history"}
	for _, table := range tables { // tables of a pattern must be named, and nobody writes them here
		command = append(command, "--table", table)
	}
	_, err := s.Tool.Run(ctx, "replay-history-fault", 0, command...)
	return err //nolint:wrapcheck // the error names what was done
}

// refreshAndUp finds what is missing and makes it again.
func refreshAndUp(ctx context.Context, s *scene) error {
	changed := 0
	err := s.Tool.Watch(ctx, "tunnel-search-fault", func(output string) (bool, error) {
		if open, _ := tunnelOpen(output); !open {
			return false, nil
		}
		var err error
		changed, err = s.Stack.Refresh(ctx)
		return true, err
	}, "tunnel", "search")
	if err != nil {
		return err //nolint:wrapcheck // the error names what was done
	}
	if changed == 0 {
		return errors.New("a refresh did not notice that the mapping is gone")
	}
	_, err = s.deploy(ctx)
	return err
}

// rotateAndCut rotates the replication user's password, and cuts the connections that use the former one.
func rotateAndCut(ctx context.Context, s *scene) error {
	secret := s.output("replicationSecretArn")
	before, _, err := s.World.Credentials(ctx, secret)
	if err != nil {
		return err //nolint:wrapcheck // the error names the secret
	}
	if err := rotate(ctx, s.Run, secret); err != nil {
		return err
	}
	return cut(ctx, s.Run, before)
}
