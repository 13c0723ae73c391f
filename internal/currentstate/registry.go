package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// RegistryIndex holds one document per table: its definition and its epochs.
const RegistryIndex = "cdc-current"

const (
	// remembered is how long a registry entry is used without looking again. An epoch begins later than that after it
	// was entered (lead), so that whoever meets its first record knows of it.
	remembered = 20 * time.Second
	lead       = 60 * time.Second
	// registryTries of a change that others get in between of.
	registryTries = 20
)

// entry is a table in the registry.
type entry struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
	// Key are the columns of the primary key as last heard of, for the next epoch; empty when the table has none.
	Key []string `json:"key"`
	// KeyTypes are DMS's types of the columns of the key in its latest definition, by column.
	KeyTypes map[string]string `json:"keyTypes,omitempty"`
	// Columns with the types their fields get.
	Columns map[string]fieldType `json:"columns"`
	// Unannounced are columns that rows had and no definition, by name: their fields are the rule's for unknown columns.
	Unannounced []string `json:"unannounced,omitempty"`
	// Defined is when DMS made the definition that the columns are from; definitions may come in any order.
	Defined time.Time `json:"defined,omitzero"`
	// Epochs by number, at least one.
	Epochs []Epoch `json:"epochs"`
}

// Epoch is a time of one source, or of one full load of it, in the life of a table. Its records fill an index of its own.
type Epoch struct {
	Number int `json:"number"`
	// Since is when DMS makes the epoch's first record: a record belongs to the last epoch whose Since is not after the
	// record's timestamp. The first epoch is since ever.
	Since time.Time `json:"since"`
	// From is when DMS made the first record of an epoch that was filled from the one before; nil is Since.
	From *time.Time `json:"from,omitempty"`
	// Key are the columns of the primary key that the epoch's documents go by; empty until its first record.
	Key []string `json:"key,omitempty"`
	// Types of these columns as they were known at the first record, by which equal keys have one id however they are written
	// ([change.KeyColumns]); none in an epoch of an earlier release, whose ids are of keys as they were written.
	Types []string `json:"types,omitempty"`
	// Binlog is the name of the source's binlog files without their number; empty until the epoch's first change.
	Binlog string `json:"binlog,omitempty"`
}

func (e *entry) name() table.Name { return table.Name{Database: e.Schema, Table: e.Table} }

// lacks are the columns of a row that DMS made after the entry's definition, and that are not in it; none when the table was
// never defined by a control record, or when it is known that nobody describes them.
func (e *entry) lacks(row change.Row, made time.Time) []string {
	if e.Defined.IsZero() || !made.After(e.Defined) {
		return nil
	}
	var columns []string
	for i := range row {
		if _, known := e.Columns[row[i].Name]; !known && !slices.Contains(e.Unannounced, row[i].Name) {
			columns = append(columns, row[i].Name)
		}
	}
	return columns
}

// rounded is a column of integers whose value in a row is in scientific notation; empty for none. DMS writes an integer of more
// than 16 digits so without UseLargeIntegerValue: what it was is lost.
func (e *entry) rounded(row change.Row) string {
	for i := range row {
		first := row[i].JSON[0]
		if (first == '-' || '0' <= first && first <= '9') && strings.ContainsAny(row[i].JSON, "eE") {
			if t := e.Columns[row[i].Name]; t == long || t == unsignedLong {
				return row[i].Name
			}
		}
	}
	return ""
}

// epochAt is the epoch of a record that DMS made at that time; nil when it is no longer kept.
func (e *entry) epochAt(made time.Time) *Epoch {
	for i := len(e.Epochs) - 1; i >= 0; i-- {
		if !e.Epochs[i].Since.After(made) {
			return &e.Epochs[i]
		}
	}
	if len(e.Epochs) > 0 && !e.Epochs[0].Begins().After(made) { // what it was filled from is dropped
		return &e.Epochs[0]
	}
	return nil
}

// Begins is when DMS made the epoch's first record.
func (e Epoch) Begins() time.Time {
	if e.From != nil {
		return *e.From
	}
	return e.Since
}

func (e *entry) epoch(number int) *Epoch {
	for i := range e.Epochs {
		if e.Epochs[i].Number == number {
			return &e.Epochs[i]
		}
	}
	return nil
}

func (e *entry) clone() *entry {
	c := *e
	c.Key, c.KeyTypes, c.Columns = slices.Clone(e.Key), maps.Clone(e.KeyTypes), maps.Clone(e.Columns)
	c.Epochs, c.Unannounced = slices.Clone(e.Epochs), slices.Clone(e.Unannounced)
	return &c
}

// registry reads and changes entries. What it has read it remembers.
type registry struct {
	client *client
	now    func() time.Time

	mu    sync.Mutex
	known map[table.Name]remembrance
}

type remembrance struct {
	entry *entry
	until time.Time
}

func newRegistry(c *client, now func() time.Time) *registry {
	return &registry{client: c, now: now, known: map[table.Name]remembrance{}}
}

// get an entry, which nobody may change; nil without any.
func (r *registry) get(ctx context.Context, n table.Name) (*entry, error) {
	r.mu.Lock()
	known, ok := r.known[n]
	r.mu.Unlock()
	if ok && r.now().Before(known.until) {
		return known.entry, nil
	}
	asked := r.now()
	stored, err := r.read(ctx, n)
	if err != nil {
		return nil, err
	}
	r.remember(n, stored.Source, asked)
	return stored.Source, nil
}

// renewed is an entry as it was a second ago at most.
func (r *registry) renewed(ctx context.Context, n table.Name) (*entry, error) {
	r.mu.Lock()
	known, ok := r.known[n]
	r.mu.Unlock()
	if ok && r.now().Before(known.until.Add(time.Second-remembered)) {
		return known.entry, nil
	}
	asked := r.now()
	stored, err := r.read(ctx, n)
	if err == nil {
		r.remember(n, stored.Source, asked)
	}
	return stored.Source, err
}

// remember an entry; that there is none is soon asked again.
func (r *registry) remember(n table.Name, e *entry, asked time.Time) {
	until := asked.Add(remembered)
	if e == nil {
		until = asked.Add(time.Second)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[n] = remembrance{e, until}
}

// stored is an entry with what a conditional write needs.
type stored struct {
	Source      *entry `json:"_source"`
	SeqNo       int64  `json:"_seq_no"`
	PrimaryTerm int64  `json:"_primary_term"`
}

func (r *registry) read(ctx context.Context, n table.Name) (stored, error) {
	var s stored
	err := r.client.call(ctx, http.MethodGet, registryDocument(n), nil, &s)
	if opensearch.Status(err) == http.StatusNotFound {
		return stored{}, nil // the document, or the whole registry: a new domain
	}
	if err != nil {
		return stored{}, fmt.Errorf("reading the registry: %w", err)
	}
	if s.Source != nil && s.Source.name() != n {
		return stored{}, fmt.Errorf("reading the registry: the entry of %s is that of %s", n, s.Source.name())
	}
	return s, nil
}

// update changes an entry, from a fresh reading and only when nobody else changes it meanwhile; change is called again
// then. It gets nil without an entry, and returns nil when nothing is to be written.
func (r *registry) update(ctx context.Context, n table.Name, change func(*entry) (*entry, error)) (*entry, error) {
	for range registryTries {
		asked := r.now()
		s, err := r.read(ctx, n)
		if err != nil {
			return nil, err
		}
		var was *entry
		if s.Source != nil {
			was = s.Source.clone()
		}
		wanted, err := change(was)
		if err != nil {
			return nil, err
		}
		if wanted == nil {
			r.remember(n, s.Source, asked)
			return s.Source, nil
		}
		switch err := r.write(ctx, n, wanted, s); opensearch.Status(err) {
		case http.StatusConflict:
			continue
		case http.StatusNotFound:
			if err := r.create(ctx); err != nil {
				return nil, err
			}
			continue
		default:
			if err != nil {
				return nil, fmt.Errorf("writing the registry: %w", err)
			}
			r.remember(n, wanted, asked)
			return wanted, nil
		}
	}
	return nil, fmt.Errorf("writing the registry: the entry of %s is changed all the time", n)
}

// write an entry over what was read. Into a registry that is not there yet it writes nothing: require_alias, since the
// registry is an alias, keeps OpenSearch from making an index of its own.
func (r *registry) write(ctx context.Context, n table.Name, e *entry, s stored) error {
	condition := "&op_type=create"
	if s.Source != nil {
		condition = fmt.Sprintf("&if_seq_no=%d&if_primary_term=%d", s.SeqNo, s.PrimaryTerm)
	}
	return r.client.call(ctx, http.MethodPut, registryDocument(n)+"?require_alias=true&timeout="+shardTimeout+condition, e, nil)
}

func (r *registry) create(ctx context.Context) error {
	err := r.client.call(ctx, http.MethodPut, "/"+RegistryIndex+"-1", object{
		"aliases":  object{RegistryIndex: object{}},
		"settings": object{"index": object{"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
		"mappings": object{"dynamic": false, "properties": object{"schema": keyword.mapping(), "table": keyword.mapping()}},
	}, nil)
	if err != nil && !exists(err) {
		return fmt.Errorf("making the registry: %w", err)
	}
	return nil
}

// exists is the answer to who makes an index that is there.
func exists(err error) bool {
	e := (*opensearch.Error)(nil)
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && e.Type == "resource_already_exists_exception"
}

func registryDocument(n table.Name) string {
	return "/" + RegistryIndex + "/_doc/" + url.PathEscape(Alias(n))
}

// all entries, as they were at the last refresh: a second or so ago.
func (r *registry) all(ctx context.Context) ([]*entry, error) {
	const most = 10_000 // index.max_result_window
	found, err := opensearch.Search[stored](ctx, r.client.Client, RegistryIndex, object{"size": most, "query": object{"match_all": object{}}})
	if err != nil {
		return nil, fmt.Errorf("listing the registry: %w", err)
	}
	entries := make([]*entry, len(found))
	for i, h := range found {
		entries[i] = h.Source
	}
	slices.SortFunc(entries, func(a, b *entry) int { return compareNames(a.name(), b.name()) })
	return entries, nil
}
