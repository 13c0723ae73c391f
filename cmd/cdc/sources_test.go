package main

import (
	"bytes"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each command uses only resources of the chosen source.
func TestACommandWorksOnTheChosenSourceAlone(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, c := range []struct {
		args []string
		// These calls are expected for the unnamed source and for the source orders.
		unnamed, orders []string
	}{
		{[]string{"stop"}, []string{"task:ONE"}, []string{"task:TWO"}},
		{[]string{"start"}, []string{"task:ONE"}, []string{"task:TWO"}},
		{[]string{"start", "--reload-table", "shop.ledger", "--no-compare"}, []string{"task:ONE", "/main-function/"}, []string{"task:TWO", "/other-function/"}},
		{[]string{"start", "--reload", "--yes", "--no-compare", "--timeout", "1s"}, []string{"PUT s3 /b/registry/current/", "/_alias/current-shop-ledger"}, []string{"PUT s3 /b/registry/current-orders/", "/_alias/current-orders-shop-ledger"}},
		{[]string{"verify", "--follow"}, []string{"main-stream"}, []string{"other-stream"}},
		{[]string{"verify"}, []string{"main-stream", "/main-history/_count", "s3 /b raw/schema=shop/table=ledger/"}, []string{"other-stream", "/other-history/_count", "s3 /b raw/source=orders/schema=shop/table=ledger/"}},
		{[]string{"epoch", "list"}, []string{"registry/current/", "/current-shop-ledger-1/_count"}, []string{"registry/current-orders/", "/current-orders-shop-ledger-1/_count"}},
		{[]string{"epoch", "switch", "--table", "shop.ledger", "--no-compare"}, []string{`"add":{"alias":"current-shop-ledger"`, "registry/current/"}, []string{`"add":{"alias":"current-orders-shop-ledger"`, "registry/current-orders/"}},
		{[]string{"epoch", "rollback", "--table", "shop.ledger"}, []string{"/_alias/current-shop-ledger"}, []string{"/_alias/current-orders-shop-ledger"}},
		{[]string{"replay", "--dry-run"}, []string{"s3 /b raw/schema=shop"}, []string{"s3 /b raw/source=orders/schema=shop"}},
		{[]string{"replay", "--parked-only", "--dry-run"}, []string{"s3 /b errors/current/", "aws/lambda/main-mapping/"}, []string{"s3 /b errors/source=orders/current/", "aws/lambda/other-mapping/"}},
		{[]string{"replay", "--history", "--dry-run"}, []string{"/main-history/_"}, []string{"/other-history/_"}},
		{[]string{"tables", "status"}, []string{"s3 /b tables/_state/"}, []string{"s3 /b tables/_state/source=orders/"}},
		{[]string{"tables", "run"}, []string{"main-job"}, []string{"other-job"}},
		{[]string{"conformance", "--file", ""}, []string{"main-stream", "/main-history/_count", "s3 /b raw/schema="}, []string{"other-stream", "/other-history/_count", "s3 /b raw/source=orders/schema="}},
		{[]string{"status", "--no-database", "--source", ""}, []string{"task:ONE", "main-stream", "/_cat/indices/main-history-*", "registry/current/", "main-job", "task:TWO", "other-stream", "/_cat/indices/other-history-*", "registry/current-orders/", "other-job"}, nil},
		{[]string{"status", "--no-database"}, nil, []string{"task:TWO", "other-stream", "/_cat/indices/other-history-*", "registry/current-orders/", "s3 /b errors/source=orders/", "s3 /b tables/_state/source=orders/", "other-job"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			w := twoSources(t)
			w.put(t)
			both := c.unnamed != nil && c.orders != nil
			if c.unnamed != nil {
				_, _ = runs(t, c.args...)
				asked := w.asked()
				for _, want := range c.unnamed {
					require.Contains(t, asked, want)
				}
				if both {
					require.NotRegexp(t, `TWO|other-|orders`, asked)
				}
			}
			if c.orders != nil {
				_, _ = runs(t, append(c.args, "--source", "orders")...)
				asked := w.asked()
				for _, want := range c.orders {
					require.Contains(t, asked, want)
				}
				require.NotRegexp(t, `ONE|main-|current-shop|registry/current/|registry/current\.json|(raw|errors)/(schema|current)`, asked)
			}
		})
	}
}

func TestEachSourceReplaysWhatItsOwnPrefixHas(t *testing.T) {
	w := twoSources(t)
	w.put(t)
	for source, want := range map[string]string{"": "1 records in 1 objects: 1 would be applied", "orders": "3 records in 1 objects: 3 would be applied"} {
		out, err := runs(t, "replay", "--dry-run", "--source", source)
		require.NoError(t, err)
		require.Contains(t, out, want, source)
	}
}

func TestTheSameReplayOfTwoSourcesHasTwoJournals(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	open := func(source string) error {
		w := &replaying{replayFlags: &replayFlags{now: time.Now}, d: &deployment{Outputs: outputs.Outputs{Source: source, LakeBucket: "b"}}, show: newWaiting(io.Discard, &stackFlags{})}
		journal, err := w.openJournal()
		if err == nil {
			t.Cleanup(func() { _ = journal.Close() })
		}
		return err
	}
	require.NoError(t, open(""))
	require.NoError(t, open("orders"), "it is no replay that goes on")
	require.ErrorContains(t, open("orders"), "the same replay is already running")
}

func TestAnEpochIsSwitchedOfOneSourceOnly(t *testing.T) {
	w := twoSources(t)
	out, err := runs(t, "epoch", "switch", "--table", "shop.ledger", "--no-compare", "--source", "orders")
	require.NoError(t, err)
	require.Equal(t, "current-orders-shop-ledger now shows epoch 2; before, it showed epoch 1\n", out)
	require.Equal(t, map[string]string{"current-shop-ledger": "current-shop-ledger-1", "current-orders-shop-ledger": "current-orders-shop-ledger-2"}, w.shown)
	out, err = runs(t, "epoch", "rollback", "--table", "shop.ledger", "--source", "orders")
	require.NoError(t, err)
	require.Contains(t, out, "`cdc epoch switch --source orders --table shop.ledger` goes forward")
}

func TestTheStatusIsOfAllSourcesOrOfOne(t *testing.T) {
	w := twoSources(t)
	w.put(t)
	read := func(args ...string) (s status.Status) {
		out, err := runs(t, append([]string{"status", "--no-database", "-o", "json"}, args...)...)
		require.ErrorIs(t, err, errUnhealthy)
		require.NoError(t, json.Unmarshal([]byte(out), &s))
		return s
	}
	all := read()
	require.Equal(t, []string{"arn:aws:dms:us-east-1:123456789012:task:ONE", "arn:aws:dms:us-east-1:123456789012:task:TWO"}, []string{all.Task.Arn, all.Sources["orders"].Task.Arn})
	require.Equal(t, []int64{1, 1}, []int64{all.Parked.Objects, all.Sources["orders"].Parked.Objects}, "what another source has parked is not this one's")
	require.Contains(t, strings.Join(all.Problems, "\n"), "source orders: the task is stopped: run `cdc start --source orders`")
	one := read("--source", "orders")
	require.Nil(t, one.SourceStatus)
	require.Len(t, one.Sources, 1)
	w.withoutUnnamed(t)
	require.Len(t, read().Sources, 1)
}

// A database address, or an accepted table, applies to one source only.
func TestAStatusWithADatabasesAddressIsOfOneSource(t *testing.T) {
	w := twoSources(t)
	for want, flags := range map[int][]statusFlags{
		1: {{connection: connectionFlags{host: "h"}}, {connection: connectionFlags{secretArn: secretArn}}, {accept: []string{"shop.ledger"}}},
		2: {{}, {connection: connectionFlags{direct: true, caFile: "ca.pem"}}},
	} {
		for _, f := range flags {
			f.stack = &stackFlags{dir: "."}
			sources, err := f.sources(t.Context())
			require.NoError(t, err)
			require.Len(t, sources, want)
			require.Empty(t, sources[0].Source)
		}
	}
	w.withoutUnnamed(t)
	w.outputs["sources"].(map[string]any)["billing"] = ofSource("third", "THREE", "/source=billing")
	w.deployed(t)
	_, err := runs(t, "status", "--accept-table", "shop.ledger")
	require.ErrorContains(t, err, "--source: the stack has the sources billing, orders, and none without a name: choose one of them")
}

func TestAnotherNameIsRefusedWithThoseThereAre(t *testing.T) {
	w := twoSources(t)
	for _, command := range [][]string{
		{"status"}, {"stop"}, {"start"}, {"verify"}, {"generate"}, {"replay"}, {"erase", "--table", "a.b", "--key", "id=1"}, {"epoch", "list"}, {"tables", "status"}, {"conformance"}, {"tunnel", "db"}, {"tunnel", "search"},
	} {
		_, err := runs(t, append(command, "--source", "stock")...)
		require.ErrorContains(t, err, `--source: the stack has no source "stock": choose one of orders`, command)
	}
	require.Empty(t, w.asked())
	_, err := runs(t, "generate", "--host", "h", "--secret-arn", secretArn, "--source", "orders")
	require.ErrorContains(t, err, "--host and --source: give only one of them")
	_, err = runs(t, "preflight", "--source", "orders")
	require.ErrorContains(t, err, "unknown flag: --source")
}

func TestTheDatabaseIsTheSourcesOwn(t *testing.T) {
	w := twoSources(t)
	for source, host := range map[string]string{"": "main.local", "orders": "other.local"} {
		c, err := (&connectionFlags{stack: &stackFlags{dir: ".", source: source}}).resolve(t.Context(), quiet)
		require.NoError(t, err)
		require.Equal(t, host, c.Host)
		_, err = runs(t, "tunnel", "db", "--source", source)
		require.ErrorContains(t, err, "connect directly to "+host+":3306")
	}
	w.withoutUnnamed(t)
	_, err := runs(t, "tunnel", "db")
	require.ErrorContains(t, err, "other.local:3306", "the only one needs no name")
	_, err = runs(t, "tunnel", "search")
	require.ErrorContains(t, err, "connect directly to", "all sources are searched there")
}

func TestNamesOfSourcesAndTheirTablesAreCompleted(t *testing.T) {
	w := twoSources(t)
	w.outputs["sources"].(map[string]any)["orders"].(map[string]any)["tables"] = []string{"a.b"}
	w.deployed(t)
	for want, args := range map[string][]string{
		"orders\n":      {"status", "--source", ""},
		"orders\n:4":    {"epoch", "switch", "--source", ""},
		"a.b\n":         {"start", "--source", "orders", "--reload-table", ""},
		"shop.ledger\n": {"verify", "--table", ""},
	} {
		out, err := runs(t, append([]string{"__complete"}, args...)...)
		require.NoError(t, err)
		require.Contains(t, out, want)
	}
}

func TestWhatIsToBeTypedNamesTheSource(t *testing.T) {
	w := twoSources(t)
	explained := func(args ...string) string {
		root := newRoot()
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		root.SetArgs(args)
		executed, err := root.ExecuteContextC(t.Context())
		require.Error(t, err)
		return explain(executed, err)
	}
	require.Contains(t, explained("epoch", "switch", "--source", "orders", "--table", "shop.ledger", "--epoch", "7"), "choose one that `cdc epoch list --source orders` shows")
	require.Contains(t, explained("conformance", "--table", "a.b", "--source", "orders"), "`pulumi config set --path cdc-pipeline:sources.orders.conformance true && pulumi up`")
	require.Contains(t, explained("conformance", "--table", "a.b"), "cdc-pipeline:source.conformance true")
	w.withoutUnnamed(t)
	require.Contains(t, explained("conformance", "--table", "a.b"), "cdc-pipeline:sources.orders.conformance true", "the only one")
	var told bytes.Buffer
	stack := &stackFlags{source: "orders"}
	stack.adviseSince(newWaiting(&told, stack).tell, anyTable, time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), true)
	require.Contains(t, told.String(), "`pulumi config set --path 'cdc-pipeline:sources.orders.rowsSince[\"%.%\"]' 2026-01-31T12:00:00Z && pulumi up`, then run `cdc tables run --source orders`")
}

func TestWhatIsReadAndKeptIsTheSourcesOwn(t *testing.T) {
	twoSources(t)
	for source, want := range map[string][]string{"": {"raw", "errors/ aws/lambda/main-mapping/", ""}, "orders": {"raw/source=orders", "errors/source=orders/ aws/lambda/other-mapping/", "orders"}} {
		d, err := (&stackFlags{dir: ".", source: source}).open(t.Context(), nil)
		require.NoError(t, err)
		l := d.erasable()
		require.Equal(t, want, []string{l.Prefix, strings.Join(l.Parked, " "), l.Source})
		require.Equal(t, source, d.ddl().Source)
		p, shut, err := d.pipeline(t.Context(), quiet)
		require.NoError(t, err)
		shut()
		require.EqualValues(t, source, p.Current.Source)
	}
}
