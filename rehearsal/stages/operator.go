package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Operator runs the commands of the operator's tool as an operator does.
func Operator(ctx context.Context, r *Run) error {
	ca := r.World.Site.Authority.File()
	for _, c := range []struct {
		name string
		exit int
		args []string
	}{
		{"generate", 0, []string{"generate", "--count", "500", "--rate", "250", "--seed", "42", "--ca", ca}},
		{"status", 0, []string{"status", "--ca", ca}},
		{"status-json", 0, []string{"status", "--output", "json", "--ca", ca}},
		{"verify", 0, []string{"verify", "--ca", ca}},
		{"verify-deep", 0, []string{"verify", "--deep", "--ca", ca}},
		{"stop", 0, []string{"stop"}},
		{"stop-again", 0, []string{"stop"}},
		{"status-stopped", 1, []string{"status", "--ca", ca}},
		{"start", 0, []string{"start"}},
		{"start-reload-refused", 1, []string{"start", "--reload"}},
		{"start-reload-unknown", 1, []string{"start", "--reload-table", "shop.nothing"}},
	} {
		r.Log.Detail("cdc %s", strings.Join(c.args, " "))
		if _, err := r.Tool.Run(ctx, c.name, c.exit, c.args...); err != nil {
			return err
		}
	}
	if err := differenceIsNamed(ctx, r); err != nil {
		return err
	}
	if err := followed(ctx, r); err != nil {
		return err
	}
	return tunnels(ctx, r)
}

// differenceIsNamed removes a row from the history directly. The deep comparison must find the difference.
func differenceIsNamed(ctx context.Context, r *Run) error {
	admin, err := r.admin(ctx, r.searched().history)
	if err != nil {
		return err
	}
	index := r.output("historyIndex")
	hits, err := admin.Search(ctx, index, map[string]any{"size": 1, "query": map[string]any{"bool": map[string]any{
		"filter": []any{map[string]any{"term": map[string]any{"metadata.table-name": "ledger"}}, map[string]any{"term": map[string]any{"metadata.operation": "load"}}},
	}}})
	if err != nil || len(hits) != 1 {
		return errors.Join(fmt.Errorf("found %d loaded rows of shop.ledger", len(hits)), err)
	}
	document := fmt.Sprintf("/%s/_doc/%s", hits[0].Index, hits[0].ID)
	if err := admin.Do(ctx, http.MethodDelete, document+"?refresh=true", nil, nil); err != nil {
		return fmt.Errorf("taking a record out of the history: %w", err)
	}
	_, compared := r.Tool.Run(ctx, "verify-deep-difference", 1, "verify", "--deep", "--timeout", "5s", "--table", "shop.ledger", "--ca", r.World.Site.Authority.File())
	if err := admin.Do(ctx, http.MethodPut, document+"?refresh=true", hits[0].Source, nil); err != nil {
		return errors.Join(compared, fmt.Errorf("putting the record back: %w", err))
	}
	return compared
}

// followed prints changes live while rows are written.
func followed(ctx context.Context, r *Run) error {
	r.Log.Detail("cdc verify --follow")
	began := false
	return r.Tool.Watch(ctx, "verify-follow", func(output string) (bool, error) {
		if !began {
			began = true
			return false, r.Tool.Generate(ctx, tool.Load{Journal: "followed", Count: 20, Mix: "70/20/10", Seed: 31, Tables: []string{"shop.ledger"}})
		}
		return strings.Count(output, "shop.ledger") >= 20, nil
	}, "verify", "--follow", "--since", "1s")
}

// tunnels opens each tunnel. Through the domain's tunnel it searches, and refreshes the stack without its program.
func tunnels(ctx context.Context, r *Run) error {
	for _, to := range []string{"dashboards", "db"} {
		r.Log.Detail("cdc tunnel %s", to)
		if err := r.Tool.Watch(ctx, "tunnel-"+to, tunnelOpen, "tunnel", to); err != nil {
			return err
		}
	}
	r.Log.Detail("cdc tunnel search, and pulumi refresh through it")
	return r.Tool.Watch(ctx, "tunnel-search", func(output string) (bool, error) {
		if open, _ := tunnelOpen(output); !open {
			return false, nil
		}
		changed, err := r.Stack.Refresh(ctx)
		if err == nil && changed > 0 {
			err = fmt.Errorf("a refresh found %d resources changed", changed)
		}
		return true, err
	}, "tunnel", "search")
}

func tunnelOpen(output string) (bool, error) {
	return strings.Contains(output, "The tunnel is open"), nil
}
