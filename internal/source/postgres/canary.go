package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
)

// makeCanaryTable makes the canary's table: see [preparation.Canary]. The key is enough of the old row for the log,
// because none of the values is long.
var makeCanaryTable = []string{
	"CREATE SCHEMA IF NOT EXISTS " + quoteName(preparation.Canary.Database),
	"CREATE TABLE IF NOT EXISTS " + quoted(preparation.Canary) +
		" (id smallint PRIMARY KEY, beat bigint NOT NULL, written bigint NOT NULL, began bigint NOT NULL, log bigint NOT NULL)",
}

// writableQuery lists a user's privileges on a table, from a given list.
const writableQuery = `SELECT p FROM unnest(string_to_array($1, ',')) p, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $2 AND c.relname = $3 AND has_table_privilege($4::name, c.oid, p)`

// withCanary also follows the canary's table, unless a pattern already matches it.
func (req Request) withCanary() Request {
	if req.Canary && !slices.ContainsFunc(req.Tables, func(t Table) bool { return t.Matches(preparation.Canary) }) {
		req.Tables = append(slices.Clip(req.Tables), preparation.Canary)
	}
	return req
}

// makeCanary makes the table when it is missing.
func (r *run) makeCanary(ctx context.Context) {
	if !r.req.Canary || r.seen(preparation.Canary).kind != "" {
		return
	}
	for _, statement := range makeCanaryTable {
		if err := r.db.Exec(ctx, statement); err != nil {
			r.broke(fmt.Errorf("making table %s (the administrator needs CREATE on the database; or set alarms.canary to false): %w", preparation.Canary, err))
			return
		}
	}
	r.findings.Change("table " + preparation.Canary.String())
}

// canaryWrites are the privileges for writing to the table, when it exists or somebody else makes it.
func (r *run) canaryWrites() []privilege {
	there := slices.ContainsFunc(r.findings.Tables, func(t TableFound) bool { return t.Table == preparation.Canary })
	if !r.req.Canary || !there && !r.req.CheckOnly {
		return nil
	}
	var privileges []privilege
	for _, name := range preparation.CanaryWrites {
		privileges = append(privileges, privilege{name, tableOf(preparation.Canary)})
	}
	return privileges
}
