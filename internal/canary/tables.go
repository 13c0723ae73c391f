package canary

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/source/preparation"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// remembered is a table's version when its last change was noticed.
type remembered struct {
	// Made is nil for a dropped table.
	Made *Made     `json:"made"`
	Seen time.Time `json:"seen"`
	// Changed means that since its load the table changed in a way that leaves deleted or outdated rows in the index.
	Changed bool `json:"changed,omitempty"`
	// Columns that the table lost since it was loaded. `cdc status` reads them, because it may never have seen them.
	Columns []string `json:"columns,omitempty"`
}

// load is what `cdc status` remembers of a table, as far as it matters here. It has more privileges, so it looks more
// closely, and it knows of loads.
type load struct {
	Seen    time.Time         `json:"seen"`
	Changes []json.RawMessage `json:"changes"`
}

// tables counts the tables that must be loaded again. DMS sends no record of TRUNCATE, DROP and RENAME TABLE,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations. A dropped or
// renamed column stays in every row that does not change afterwards.
func (f *Function) tables(ctx context.Context, m *measures, db Database) {
	count, err := f.toReload(ctx, db)
	if err != nil {
		m.fail("looking at how the tables are made", err)
		return
	}
	m.add(TablesToReload, "Count", float64(count))
}

func (f *Function) toReload(ctx context.Context, db Database) (int, error) {
	made, err := db.Tables(ctx)
	if err != nil {
		return 0, err
	}
	maps.DeleteFunc(made, func(name string, _ Made) bool { return f.unfollowed(name) })
	var loads map[string]load
	if _, err := f.read(ctx, f.settings.Loads, &loads); err != nil {
		return 0, err
	}
	var before map[string]remembered
	version, err := f.read(ctx, f.settings.Memory, &before)
	if err != nil {
		return 0, err
	}
	now, count := f.look(before, loads, made), 0
	for _, t := range now {
		if t.Changed {
			count++
		}
	}
	if maps.EqualFunc(before, now, remembered.equal) {
		return count, nil
	}
	return count, f.remember(ctx, now, version)
}

// look returns what to remember of the tables from now on.
func (f *Function) look(before map[string]remembered, loads map[string]load, made map[string]Made) map[string]remembered {
	at, now := f.deps.Now().UTC().Truncate(time.Second), map[string]remembered{}
	for name, t := range made {
		was, known := before[name]
		loaded, told := loads[name]
		switch {
		case told && loaded.Seen.After(was.Seen): // it was loaded again, assumed loaded, or checked more closely
			now[name] = remembered{Made: &t, Seen: loaded.Seen, Changed: len(loaded.Changes) > 0}
		case !known:
			now[name] = remembered{Made: &t, Seen: at}
		case was.Made == nil || was.Made.equal(t):
			was.Made = &t
			now[name] = was
		default:
			gone := was.gone(t)
			now[name] = remembered{Made: &t, Seen: at, Changed: was.Changed || len(gone) > 0 || f.untold(*was.Made, t), Columns: gone}
		}
	}
	for name, was := range before {
		if _, there := made[name]; there || f.unfollowed(name) {
			continue
		}
		if was.Made != nil {
			was = remembered{Seen: at, Changed: true, Columns: was.Columns}
		}
		if loaded, told := loads[name]; !told || !loaded.Seen.After(was.Seen) || len(loaded.Changes) > 0 {
			now[name] = was
		}
	}
	return now
}

// untold reports whether a table was made again by a statement that no record reports. MySQL's records report ALTER
// TABLE, which changes columns; PostgreSQL's do not.
func (f *Function) untold(was, is Made) bool {
	return was.ID != is.ID && (f.settings.PostgreSQL() || was.Columns == is.Columns)
}

// gone lists the columns that a table lost since its load. It needs their names, which an earlier release did not
// remember.
func (r remembered) gone(is Made) []string {
	gone := slices.Clone(r.Columns)
	for _, name := range r.Made.Names {
		if !slices.Contains(is.Names, name) && !slices.Contains(gone, name) {
			gone = append(gone, name)
		}
	}
	return gone
}

// unfollowed reports the canary's own table and tables that DMS omits.
func (f *Function) unfollowed(name string) bool {
	database, of, _ := strings.Cut(name, ".")
	in := func(patterns []preparation.Table) bool {
		return slices.ContainsFunc(patterns, func(p preparation.Table) bool { return p.Matches(preparation.Table{Database: database, Table: of}) })
	}
	return database == preparation.Canary.Database || len(f.settings.Tables) > 0 && !in(f.settings.Tables) || in(f.settings.Exclude)
}

// read decodes an object that may be missing.
func (f *Function) read(ctx context.Context, key string, into any) (version string, err error) {
	body, version, err := f.deps.Bucket.Get(ctx, key)
	if err != nil || version == "" {
		return version, err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return "", fmt.Errorf("reading %s: %w", f.deps.Bucket.URL(key), err)
	}
	return version, nil
}

// remember saves the tables' versions, unless another call did so in the meantime.
func (f *Function) remember(ctx context.Context, tables map[string]remembered, version string) error {
	body, err := json.Marshal(tables)
	if err != nil {
		return fmt.Errorf("writing how the tables are made: %w", err)
	}
	if err := f.deps.Bucket.Change(ctx, f.settings.Memory, body, version); !errors.Is(err, bucket.ErrChanged) {
		return err
	}
	return nil
}

func (r remembered) equal(o remembered) bool {
	same := r.Made == nil && o.Made == nil || r.Made != nil && o.Made != nil && r.Made.equal(*o.Made)
	return same && r.Seen.Equal(o.Seen) && r.Changed == o.Changed && slices.Equal(r.Columns, o.Columns)
}

func (m Made) equal(o Made) bool {
	return m.ID == o.ID && m.Columns == o.Columns && slices.Equal(m.Names, o.Names)
}
