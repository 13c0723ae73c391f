package main

import (
	"bytes"
	"cdcpipeline/internal/bucket/buckettest"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeCurrent imitates a domain with the indices of one table. It keeps which of them the alias shows.
type fakeCurrent struct {
	shown map[string]any
	rows  map[string]int // documents by index
}

const ledgerEntry = `{"schema":"shop","table":"ledger","key":["id"],"columns":{},"epochs":[{"number":1,"since":"0001-01-01T00:00:00Z","key":["id"],"binlog":"bin"},
	{"number":2,"since":"2026-11-23T12:00:00Z"}]}`

// currentOf makes a stack that keeps a current state. Its domain has one table with two epochs, and shows the first.
func currentOf(t *testing.T) *fakeCurrent {
	t.Helper()
	f := &fakeCurrent{shown: map[string]any{"current-shop-ledger-1": 1}, rows: map[string]int{"current-shop-ledger-1": 5, "current-shop-ledger-2": 4}}
	server := httptest.NewTLSServer(f)
	t.Cleanup(server.Close)
	plain := http.DefaultTransport
	http.DefaultTransport = server.Client().Transport // it trusts the server's certificate
	t.Cleanup(func() { http.DefaultTransport = plain })
	objects := &buckettest.S3{}
	objects.Set("b", "registry/current.json", "{}")
	objects.Set("b", "registry/current/shop-ledger.json", ledgerEntry)
	awsWithBucket(t, objects, map[string]string{
		"GetCallerIdentity": caller, "GetSecretValue": secret,
		"configuration": `{"Environment":{"Variables":{"SEARCH_ENDPOINT":"https://vpc.local","PARKING_BUCKET":"b"}}}`,
	})
	stackOf(t, strings.NewReplacer(`"historyIndex":"h"`, `"historyIndex":"h","currentFunctionName":"f"`, "https://127.0.0.1:1\"", server.URL+`"`).Replace(deployed), region)
	return f
}

func (f *fakeCurrent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	text, _ := io.ReadAll(body)
	user, password, _ := r.BasicAuth()
	index, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case user != "admin" || password != "hunter2":
		w.WriteHeader(http.StatusTeapot) // the client does not retry this status
	case index == "_alias":
		_ = json.NewEncoder(w).Encode(f.shown)
	case index == "_aliases":
		f.shown = map[string]any{}
		var in struct {
			Actions []map[string]struct{ Index string }
		}
		_ = json.Unmarshal(text, &in)
		for _, action := range in.Actions {
			if add, ok := action["add"]; ok {
				f.shown[add.Index] = 1
			}
		}
		_, _ = io.WriteString(w, "{}")
	case what == "_count":
		_, _ = fmt.Fprintf(w, `{"count":%d}`, f.rows[index])
	default: // every index and field exists
		_, _ = io.WriteString(w, `{}`)
	}
}

func (f *fakeCurrent) shows() []string { return slices.Sorted(maps.Keys(f.shown)) }

func TestEpochsAreListed(t *testing.T) {
	currentOf(t)
	out, err := runs(t, "epoch", "list")
	require.NoError(t, err)
	t.Log("\n" + out)
	require.Regexp(t, `│ shop.ledger +│ +1 │ shown │ - +│ bin +│ id +│ +5 │\n│ shop.ledger +│ +2 │ +│ 2026-11-23T12:00:00Z │ - +│ - +│ +4 │`, out)
	out, err = runs(t, "epoch", "list", "-o", "json")
	require.NoError(t, err)
	require.JSONEq(t, `{"list":[{"table":"shop.ledger","alias":"current-shop-ledger","shown":1,"latest":2,"epochs":[
		{"number":1,"index":"current-shop-ledger-1","binlog":"bin","key":["id"],"documents":5},
		{"number":2,"index":"current-shop-ledger-2","since":"2026-11-23T12:00:00Z","documents":4}]}]}`, out)
}

func TestTheAliasIsSwitchedForwardAndBack(t *testing.T) {
	f := currentOf(t)
	out, err := runs(t, "epoch", "switch", "--table", "shop.ledger", "--no-compare")
	require.NoError(t, err)
	require.Equal(t, "current-shop-ledger now shows epoch 2; before, it showed epoch 1\n", out)
	require.Equal(t, []string{"current-shop-ledger-2"}, f.shows())
	out, err = runs(t, "epoch", "switch", "--table", "shop.ledger", "--epoch", "2")
	require.NoError(t, err)
	require.Equal(t, "current-shop-ledger shows epoch 2 already\n", out)

	out, err = runs(t, "epoch", "rollback", "--table", "shop.ledger", "-o", "json")
	require.NoError(t, err)
	require.JSONEq(t, `{"table":"shop.ledger","shown":1,"former":2,"until":"2026-11-23T12:00:00Z"}`, out)
	require.Equal(t, []string{"current-shop-ledger-1"}, f.shows())
	_, err = runs(t, "epoch", "rollback", "--table", "shop.ledger")
	require.ErrorContains(t, err, "no epoch before 1 is kept")

	out, err = runs(t, "epoch", "switch", "--table", "shop.ledger", "--no-compare", "-o", "json")
	require.NoError(t, err)
	require.JSONEq(t, `{"table":"shop.ledger","shown":2,"former":1,"switched":true}`, out)
	_, err = runs(t, "epoch", "switch", "--table", "shop.ledger", "--epoch", "3")
	require.ErrorContains(t, err, "--epoch: shop.ledger has no epoch 3: choose one that `cdc epoch list` shows")
	_, err = runs(t, "epoch", "switch", "--table", "shop.other")
	require.ErrorContains(t, err, "table shop.other has no epochs: no record of it has come yet")
}

func TestAnEpochIsNotShownWhenItCannotBeCompared(t *testing.T) {
	f := currentOf(t)
	_, err := runs(t, "epoch", "switch", "--table", "shop.ledger", "--host", "127.0.0.1", "--port", "1", "--secret-arn", secretArn)
	require.ErrorContains(t, err, "to skip the comparison, give --no-compare")
	require.Equal(t, []string{"current-shop-ledger-1"}, f.shows())
}

func TestDeletionOfEpochsIsConfirmed(t *testing.T) {
	f := currentOf(t)
	out, err := runs(t, "epoch", "drop", "--table", "shop.ledger", "--yes")
	require.NoError(t, err)
	require.Equal(t, "current-shop-ledger shows epoch 1, and there is no older epoch to delete\n", out)
	f.shown = map[string]any{"current-shop-ledger-2": 1}
	cmd := newEpochDrop(nil)
	d := &dropFlags{epochFlags: epochFlags{stack: &stackFlags{dir: "."}, table: "shop.ledger", output: "table"}, terminal: func(io.Reader) bool { return true }}
	var asked bytes.Buffer
	cmd.SetIn(strings.NewReader("n\n"))
	cmd.SetErr(&asked)
	cmd.SetContext(t.Context())
	require.ErrorContains(t, d.run(cmd), "nothing was changed")
	require.Equal(t, "This deletes epoch 1 of shop.ledger; you cannot undo it. current-shop-ledger keeps showing epoch 2. Go on? [y/N] ", asked.String())
}

func TestAStackWithoutCurrentStateHasNoEpochs(t *testing.T) {
	awsAnswers(t, map[string]string{"GetCallerIdentity": caller})
	stackOf(t, deployed, region)
	_, err := runs(t, "epoch", "list")
	require.ErrorContains(t, err, "the stack has no current index: set search.current.enabled to true and run `pulumi up`")
}

// If the database cannot be reached for the comparison, nothing is stopped, begun or loaded.
func TestAReloadBeginsWhenEverythingCanBeReached(t *testing.T) {
	f := currentOf(t)
	for _, how := range [][]string{{"--reload", "--yes"}, {"--reload-table", "shop.ledger"}} {
		_, err := runs(t, append([]string{"start", "--host", "127.0.0.1", "--port", "1", "--secret-arn", secretArn}, how...)...)
		require.ErrorContains(t, err, "to skip the comparison, give --no-compare")
	}
	require.Equal(t, []string{"current-shop-ledger-1"}, f.shows())
	// With --no-compare the command asks for the task next. This account may not read the task.
	_, err := runs(t, "start", "--reload-table", "shop.ledger", "--no-compare")
	require.ErrorContains(t, err, "DescribeReplicationTasks is not allowed")
}

func TestTheStatusNamesAnAliasThatDoesNotShowTheLatestEpoch(t *testing.T) {
	currentOf(t)
	out, err := runs(t, "status")
	require.ErrorIs(t, err, errUnhealthy)
	require.Contains(t, out, "the current index of shop.ledger shows epoch 1, with the rows as of 2026-11-23T12:00:00Z, but epoch 2 is the latest: run `cdc epoch switch --table shop.ledger` when it is loaded")
}
