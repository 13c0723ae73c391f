package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/world"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// origin is one of the stack's sources with its database. The unnamed source has no name.
type origin struct {
	name     string
	database *world.Database
	// seedErr is the reason if the rows to load could not be written.
	seedErr error
}

// title is the source's name in reports and messages.
func (s *origin) title() string {
	if s.name == "" {
		return "unnamed"
	}
	return s.name
}

// ofBootstrap reports whether a function is the source's bootstrap.
func (s *origin) ofBootstrap(function string) bool {
	if s.name == "" {
		return strings.Contains(function, "cdc-bootstrap")
	}
	return strings.Contains(function, "cdc-"+s.name+"-bootstrap")
}

// named returns a source of the stack; nil without one of this name.
func (r *Run) named(name string) *origin {
	for _, s := range r.sources {
		if s.name == name {
			return s
		}
	}
	return nil
}

// of is this run restricted to one source: its database, its outputs, and the tool's commands for it. So a stage for
// a stack with one source also works for each source.
func (r *Run) of(s *origin) *Run {
	one := *r
	one.source = s
	if s.name == "" {
		return &one
	}
	t := *r.Tool
	t.Source, t.Journals, t.Sessions = s.name, filepath.Join(t.Journals, s.name), filepath.Join(t.Sessions, s.name)
	one.Tool = &t
	one.Outputs = maps.Clone(r.Outputs)
	if all, ok := r.Outputs["sources"].(map[string]any); ok {
		own, _ := all[s.name].(map[string]any)
		maps.Copy(one.Outputs, own)
	}
	return &one
}

// beside starts a database for one more source, MySQL or PostgreSQL.
func (r *Run) beside(ctx context.Context, name string, postgres bool) (*origin, error) {
	start := r.World.StartDatabase
	if postgres {
		start = func(ctx context.Context, name string) (*world.Database, error) {
			return r.World.StartPostgres(ctx, name, followedDatabase)
		}
	}
	database, err := start(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("one more source: %w", err)
	}
	s := &origin{name: name, database: database}
	r.sources = append(r.sources, s)
	if err := os.MkdirAll(r.of(s).Tool.Journals, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for the journals: %w", err)
	}
	return s, nil
}

// seed writes the rows to load, as soon as the bootstrap has made the tables.
func seed(ctx context.Context, r *Run, function string) {
	for _, s := range r.sources {
		one := r.of(s)
		if _, err := os.Stat(one.Tool.Journal("loaded")); err == nil || !s.ofBootstrap(function) || s.database.MasterSecretArn == "" {
			continue // the rows exist, or the database is somebody else's
		}
		s.seedErr = one.Tool.Generate(ctx, tool.Load{
			Journal: "loaded", Count: loaded, Mix: "100/0/0", Seed: 1, Tables: tables,
			Database: s.direct(),
		})
	}
}

// direct are the tool's flags for the database's address.
func (s *origin) direct() []string {
	flags := []string{"--host", s.database.Host, "--port", strconv.Itoa(s.database.Port), "--secret-arn", s.database.MasterSecretArn}
	if s.database.Postgres != nil {
		flags = append(flags, "--engine", "postgresql", "--database", followedDatabase)
	}
	return flags
}

// seeded returns the reason if the rows to load could not be written.
func (r *Run) seeded() error {
	var problems []error
	for _, s := range r.sources {
		if s.seedErr != nil {
			problems = append(problems, fmt.Errorf("writing the rows to load into the source %s: %w", s.title(), s.seedErr))
		}
	}
	return errors.Join(problems...)
}

// aliasOf is the alias of a table's current index.
func (r *Run) aliasOf(table string) string {
	return strings.Join(r.qualified("current", strings.Split(table, ".")...), "-")
}

// viewOf is a table's name in the catalog.
func (r *Run) viewOf(table string) string {
	return strings.Join(r.qualified("", strings.Split(table, ".")...)[1:], "_")
}

// qualified is a name's parts with the source's name before the table's.
func (r *Run) qualified(first string, table ...string) []string {
	parts := []string{first}
	if r.source.name != "" {
		parts = append(parts, r.source.name)
	}
	return append(parts, table...)
}
