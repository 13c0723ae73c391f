package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
)

// makeCanaryTable makes the canary's table, with statements to run one after the other: see [preparation.Canary].
var makeCanaryTable = []string{
	"CREATE DATABASE IF NOT EXISTS " + quoteName(preparation.Canary.Database),
	"CREATE TABLE IF NOT EXISTS " + quoted(preparation.Canary) +
		" (id TINYINT NOT NULL PRIMARY KEY, beat BIGINT NOT NULL, written BIGINT NOT NULL, began BIGINT NOT NULL, log BIGINT NOT NULL) ENGINE=InnoDB",
}

// canaryWrites are the privileges for writing to it.
func canaryWrites() []privilege {
	var privileges []privilege
	for _, name := range preparation.CanaryWrites {
		privileges = append(privileges, privilege{name, quoted(preparation.Canary)})
	}
	return privileges
}

// withCanary also follows the canary's table, unless a pattern already matches it.
func (req Request) withCanary() Request {
	if req.Canary && !slices.ContainsFunc(req.Tables, func(t Table) bool { return t.Matches(preparation.Canary) }) {
		req.Tables = append(slices.Clip(req.Tables), preparation.Canary)
	}
	return req
}

// makeCanary makes the table when it is missing.
func (r *run) makeCanary(ctx context.Context) {
	if !r.req.Canary {
		return
	}
	kind, err := r.tableKind(ctx, preparation.Canary)
	for i := 0; err == nil && kind == "" && i < len(makeCanaryTable); i++ {
		err = r.db.Exec(ctx, makeCanaryTable[i])
	}
	switch {
	case err != nil:
		r.broke(fmt.Errorf("making table %s (the administrator needs CREATE on it; or set alarms.canary to false): %w", preparation.Canary, err))
	case kind == "":
		r.findings.Change("table " + preparation.Canary.String())
	}
}

// writesCanary reports whether the user gets write access to the table: when it exists, or somebody else makes it.
func (r *run) writesCanary() bool {
	there := slices.ContainsFunc(r.findings.Tables, func(t TableFound) bool { return t.Table == preparation.Canary })
	return r.req.Canary && (there || r.req.CheckOnly)
}
