package stages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

const reloadedTable = "shop.ledger"

// Epochs repairs a current index as an operator does. It removes a document directly, loads the table again into a new
// epoch, compares that with the table and shows it. Then it switches back and forward, and deletes the former epoch.
// At the end the index is lost, but its epoch is not.
func Epochs(ctx context.Context, r *Run) error {
	if err := r.World.Firehose.Drain(ctx); err != nil { // so that nothing else differs
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	if err := loseDocument(ctx, r); err != nil {
		return err
	}
	ca := r.World.Site.Authority.File()
	for _, c := range []struct {
		name  string
		exit  int
		shown string
		args  []string
	}{
		{"verify-deep-current", 1, "-1", []string{"verify", "--deep", "--timeout", "5s", "--table", reloadedTable, "--ca", ca}},
		// There is only time to begin an epoch: the next start fills it.
		{"start-reload-early", 1, "-1", []string{"start", "--reload-table", reloadedTable, "--timeout", "20s", "--ca", ca}},
		{"status-epoch", 1, "-1", []string{"status", "--ca", ca}},
		{"start-reload-epoch", 0, "-2", []string{"start", "--reload-table", reloadedTable, "--ca", ca}},
		{"verify-deep-reloaded", 0, "-2", []string{"verify", "--deep", "--table", reloadedTable, "--ca", ca}},
		{"epoch-switch-refused", 1, "-2", []string{"epoch", "switch", "--table", reloadedTable, "--epoch", "1", "--timeout", "5s", "--ca", ca}},
		{"epoch-list", 0, "-2", []string{"epoch", "list"}},
		{"epoch-rollback", 0, "-1", []string{"epoch", "rollback", "--table", reloadedTable}},
		{"epoch-switch", 0, "-2", []string{"epoch", "switch", "--table", reloadedTable, "--ca", ca}},
		{"epoch-drop", 0, "-2", []string{"epoch", "drop", "--table", reloadedTable, "--yes"}},
		{"epoch-rollback-refused", 1, "-2", []string{"epoch", "rollback", "--table", reloadedTable}},
		{"status-reloaded", 0, "-2", []string{"status", "--ca", ca}},
	} {
		r.Log.Detail("cdc %s", c.name)
		if _, err := r.Tool.Run(ctx, c.name, c.exit, c.args...); err != nil {
			return err
		}
		if err := shows(ctx, r, c.shown); err != nil {
			return fmt.Errorf("after %s: %w", c.name, err)
		}
		if c.name == "start-reload-epoch" { // changes fill the new epoch, which then equals the tables
			if err := rowsReach(ctx, r, "reloaded", r.searched().history); err != nil {
				return err
			}
			if _, _, err := compareCurrent(ctx, r); err != nil {
				return err
			}
		}
	}
	if err := listed(ctx, r); err != nil {
		return err
	}
	if err := loseIndex(ctx, r); err != nil {
		return fmt.Errorf("losing an index: %w", err)
	}
	return conflictMet(r)
}

// loseDocument removes a row from the current index.
func loseDocument(ctx context.Context, r *Run) error {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	hits, err := admin.Search(ctx, r.aliasOf(reloadedTable), map[string]any{"size": 1})
	if err != nil || len(hits) != 1 {
		return errors.Join(fmt.Errorf("found %d rows behind %s", len(hits), r.aliasOf(reloadedTable)), err)
	}
	if err := admin.Do(ctx, http.MethodDelete, fmt.Sprintf("/%s/_doc/%s?refresh=true", hits[0].Index, url.PathEscape(hits[0].ID)), nil, nil); err != nil {
		return fmt.Errorf("taking a row out of the current index: %w", err)
	}
	return nil
}

// shows checks that the alias has one index behind it.
func shows(ctx context.Context, r *Run, epoch string) error {
	alias := r.aliasOf(reloadedTable)
	behind, err := indicesBehind(ctx, r, alias)
	if err == nil && !slices.Equal(behind, []string{alias + epoch}) {
		err = fmt.Errorf("%s shows %v, not %s alone", alias, behind, alias+epoch)
	}
	return err
}

// listed checks the final state: one epoch, which the interrupted start began and the other one filled.
func listed(ctx context.Context, r *Run) error {
	text, err := r.Tool.Run(ctx, "epoch-list-json", 0, "epoch", "list", "--output", "json")
	if err != nil {
		return err
	}
	var said struct {
		List []struct {
			Table  string `json:"table"`
			Shown  int    `json:"shown"`
			Epochs []struct {
				Number    int `json:"number"`
				Documents int `json:"documents"`
			} `json:"epochs"`
		} `json:"list"`
	}
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		return fmt.Errorf("reading what cdc epoch list says: %w", err)
	}
	rows, err := tableRows(ctx, r, reloadedTable)
	if err != nil {
		return err
	}
	for _, t := range said.List {
		if t.Table == reloadedTable && t.Shown == 2 && len(t.Epochs) == 1 && t.Epochs[0].Number == 2 && t.Epochs[0].Documents == len(rows) {
			return nil
		}
	}
	return fmt.Errorf("%s should have epoch 2 with %d rows and no other: %s", reloadedTable, len(rows), text)
}
