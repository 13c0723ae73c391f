package stages

import (
	"cdcpipeline/rehearsal/odd"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The odd tables' database, and a table without a key.
const (
	oddDatabase  = "odd"
	keylessTable = "odd_keyless.log"
)

// AnyTable makes the pipeline carry odd tables, and the operator's tool load, change and compare them. Every table is
// compared, every row and change is the same everywhere, and the tool names a table that it cannot compare beside the
// others.
func AnyTable(ctx context.Context, r *Run) error {
	db := r.World.Database.Root()
	made := []string{
		"CREATE DATABASE " + oddDatabase + " CHARACTER SET utf8mb4",
		"CREATE DATABASE odd_keyless", "CREATE TABLE " + keylessTable + " (line VARCHAR(20))", // in a database that no task follows
	}
	if err := execute(ctx, db, slices.Concat(made, odd.Listed.Made(oddDatabase), odd.Unlisted.Made(oddDatabase))...); err != nil {
		return err
	}
	for key, value := range map[string]string{"database": oddDatabase, "table": "%"} {
		if err := r.Stack.SetConfig(ctx, "cdc-pipeline:source.tables[2]."+key, value); err != nil {
			return err
		}
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("adding the tables: %w", err)
	}
	compare := []string{"verify", "--deep", "--output", "json", "--timeout", "90s", "--ca", r.World.Site.Authority.File(), "--table", keylessTable}
	for names := range slices.Chunk(oddTables(), 10) { // as many as are loaded at the same time
		load := []string{"start", "--ca", r.World.Site.Authority.File()}
		for _, name := range names {
			load, compare = append(load, "--reload-table", name), append(compare, "--table", name)
		}
		if _, err := r.Tool.Run(ctx, "start-reload-odd", 0, load...); err != nil {
			return err
		}
	}
	if err := execute(ctx, db, slices.Concat(odd.Listed.Changed(oddDatabase), odd.Unlisted.Changed(oddDatabase))...); err != nil {
		return err
	}
	text, err := r.Tool.Run(ctx, "verify-deep-odd", 1, compare...)
	if err != nil {
		return err
	}
	return r.anyTable(text)
}

func oddTables() []string {
	return slices.Concat(odd.Listed.Tables(oddDatabase), odd.Unlisted.Tables(oddDatabase))
}

// anyTable reports the tool's output about the tables.
func (r *Run) anyTable(said string) error {
	var c struct {
		Counts []struct {
			Table       string   `json:"table"`
			Sink        string   `json:"sink"`
			Rows        int      `json:"rows"`
			Same        int      `json:"same"`
			Changes     int      `json:"changes"`
			NotCompared []string `json:"notCompared"`
		} `json:"counts"`
		Differences []json.RawMessage   `json:"differences"`
		Uncompared  []map[string]string `json:"uncompared"`
	}
	if err := json.Unmarshal([]byte(said), &c); err != nil {
		return fmt.Errorf("reading what cdc verify says: %w", err)
	}
	sinks := map[string]int{}
	for _, n := range c.Counts {
		if n.Rows > 0 && n.Same == n.Rows && len(n.NotCompared) == 0 && (n.Sink == "current" || n.Changes > 0) {
			sinks[n.Table]++
		}
	}
	maps.DeleteFunc(sinks, func(_ string, equal int) bool { return equal < 3 }) // history, lake, current
	r.Report.AnyTable.Tables, r.Report.AnyTable.Compared = len(oddTables()), len(sinks)
	var problems []error
	for _, name := range oddTables() {
		if sinks[name] == 0 {
			problems = append(problems, fmt.Errorf("%s was not compared, or is not the same in every sink", name))
		}
	}
	for _, d := range c.Differences {
		problems = append(problems, fmt.Errorf("it differs: %s", d))
	}
	if !slices.ContainsFunc(c.Uncompared, func(u map[string]string) bool {
		return u["table"] == keylessTable && strings.Contains(u["problem"], "it has no primary key")
	}) {
		problems = append(problems, fmt.Errorf("%s has no key, and that was not said", keylessTable))
	}
	return errors.Join(problems...)
}
