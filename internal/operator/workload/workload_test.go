package workload

import (
	"bytes"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// memory is a store that keeps only the AUTO_INCREMENT counter. It fails on request.
type memory struct {
	next  int64
	calls int
	fail  func(call int) error
	size  int
	sizes []int
}

func (m *memory) begin(context.Context) (transaction, error) { m.size = 0; return m, nil }
func (m *memory) commit() error                              { m.sizes = append(m.sizes, m.size); return nil }
func (m *memory) rollback() error                            { return nil }

func (m *memory) apply(_ context.Context, c *change) error {
	m.calls++
	m.size++
	if m.fail != nil {
		if err := m.fail(m.calls); err != nil {
			return err
		}
	}
	if i := autoIncrement(c.table.Table); c.op == Insert && i >= 0 {
		m.next++
		c.after[i] = sql.NullString{String: strconv.FormatInt(m.next, 10), Valid: true}
	}
	return nil
}

func retailTable() *schema.Table {
	return &schema.Table{Name: table.Name{Database: "testdb", Table: "retail_trans"}, Key: []int{0}, Columns: []schema.Column{
		{Name: "trans_id", Kind: schema.Integer, Bits: 64, Key: true, AutoIncrement: true},
		{Name: "customer_id", Kind: schema.Text, Length: 12, Charset: "utf8mb4"},
		{Name: "event", Kind: schema.Text, Length: 10, Charset: "utf8mb4", Nullable: true},
		{Name: "amount", Kind: schema.Integer, Bits: 32, Nullable: true},
		{Name: "trans_datetime", Kind: schema.DateTime, Nullable: true},
	}}
}

func ordersTable() *schema.Table {
	return &schema.Table{Name: table.Name{Database: "testdb", Table: "orders"}, Key: []int{0, 1}, Columns: []schema.Column{
		{Name: "tenant", Kind: schema.Text, Length: 24, Charset: "utf8mb4", Key: true},
		{Name: "id", Kind: schema.Integer, Bits: 64, Unsigned: true, Key: true},
		{Name: "price", Kind: schema.Decimal, Precision: 30, Scale: 10},
		{Name: "doc", Kind: schema.JSON, Nullable: true},
		{Name: "raw", Kind: schema.Binary, Length: 65535, Nullable: true},
	}}
}

func options(count int64, journal *bytes.Buffer, tables ...*schema.Table) Options {
	o := Options{Count: count, Seed: 42, Journal: journal}
	for _, t := range tables {
		o.Tables = append(o.Tables, t.Name)
	}
	return o
}

func journaled(t require.TestingT, b *bytes.Buffer) []Entry {
	var entries []Entry
	for e, err := range ReadJournal(bytes.NewReader(b.Bytes())) {
		require.NoError(t, err)
		e.At = time.Time{}
		entries = append(entries, e)
	}
	return entries
}

func TestSameSeedMakesTheSameChanges(t *testing.T) {
	once := func(seed uint64) []Entry {
		var b bytes.Buffer
		tables := []*schema.Table{retailTable(), ordersTable()}
		o := options(2000, &b, tables...)
		o.Seed = seed
		_, err := run(t.Context(), &memory{}, tables, o)
		require.NoError(t, err)
		return journaled(t, &b)
	}
	require.Equal(t, once(42), once(42))
	require.NotEqual(t, once(42), once(43))
}

func TestMixIsKeptExactlyAndChangesMakeSense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		m := drawMix(t)
		table := rapid.SampledFrom([]*schema.Table{retailTable(), ordersTable()}).Draw(t, "table")
		o := options(rapid.Int64Range(1, 400).Draw(t, "count"), &b, table)
		o.Mix, o.Seed = m, rapid.Uint64().Draw(t, "seed")
		s, err := run(context.Background(), &memory{}, []*schema.Table{table}, o)
		require.NoError(t, err)
		q := m.quota(o.Count)
		require.Equal(t, o.Count, s.Changes)
		if q[Insert] > 1 {
			require.Equal(t, Counts{Inserts: q[Insert], Updates: q[Update], Deletes: q[Delete]}, s.Counts)
		}
		requireConsistent(t, journaled(t, &b), o.Count)
	})
}

// keyOf returns a text that identifies a row among all tables.
func keyOf(table string, key map[string]any) string {
	b, err := json.Marshal(key)
	if err != nil {
		panic(err)
	}
	return table + string(b)
}

// requireConsistent replays a journal and checks each entry. An existing key is not inserted again, an update changes
// the row but not its key, and only existing rows change.
func requireConsistent(t require.TestingT, entries []Entry, count int64) map[string]map[string]any {
	live := map[string]map[string]any{}
	require.Len(t, entries, int(count))
	for i, e := range entries {
		require.Equal(t, int64(i+1), e.N)
		key := keyOf(e.Table, e.Key)
		before, alive := live[key]
		require.Equal(t, e.Op != Insert, alive, "change %d", e.N)
		for column, value := range e.Key {
			require.Equal(t, e.Row[column], value)
		}
		switch e.Op {
		case Insert:
			live[key] = e.Row
		case Update:
			require.NotEqual(t, before, e.Row)
			live[key] = e.Row
		case Delete:
			require.Equal(t, before, e.Row)
			delete(live, key)
		}
	}
	return live
}

func TestTransactionsHaveSeveralRows(t *testing.T) {
	m, table := &memory{}, retailTable()
	s, err := run(t.Context(), m, []*schema.Table{table}, options(1000, &bytes.Buffer{}, table))
	require.NoError(t, err)
	require.Contains(t, m.sizes, 1)
	require.Contains(t, m.sizes, DefaultMaxTransaction)
	require.Len(t, m.sizes, int(s.Transactions))
}

func TestDuplicateKeyIsTriedWithOtherValues(t *testing.T) {
	var b bytes.Buffer
	table := ordersTable()
	m := &memory{fail: func(call int) error {
		if call%7 == 0 {
			return &mysql.MySQLError{Number: errDuplicateEntry}
		}
		return nil
	}}
	o := options(500, &b, table)
	s, err := run(t.Context(), m, []*schema.Table{table}, o)
	require.NoError(t, err)
	require.Equal(t, Counts{Inserts: 350, Updates: 100, Deletes: 50}, s.Counts)
	requireConsistent(t, journaled(t, &b), 500)
}

func TestFailedTransactionIsNotJournaled(t *testing.T) {
	var b bytes.Buffer
	table := retailTable()
	broken := errors.New("connection lost")
	m := &memory{fail: func(call int) error {
		if call == 50 {
			return broken
		}
		return nil
	}}
	s, err := run(t.Context(), m, []*schema.Table{table}, options(500, &b, table))
	require.ErrorIs(t, err, broken)
	require.Less(t, s.Changes, int64(50))
	requireConsistent(t, journaled(t, &b), s.Changes)
}

func TestInterruptFinishesTheTransaction(t *testing.T) {
	var b bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	table := retailTable()
	m := &memory{fail: func(call int) error {
		if call == 100 {
			cancel()
		}
		return nil
	}}
	s, err := run(ctx, m, []*schema.Table{table}, options(1000, &b, table))
	require.NoError(t, err)
	require.True(t, s.Interrupted)
	require.GreaterOrEqual(t, s.Changes, int64(100))
	require.Less(t, s.Changes, int64(100+DefaultMaxTransaction))
	requireConsistent(t, journaled(t, &b), s.Changes)
}

func TestRateIsHeld(t *testing.T) {
	table := retailTable()
	o := options(100, &bytes.Buffer{}, table)
	o.Rate = 500
	s, err := run(t.Context(), &memory{}, []*schema.Table{table}, o)
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.Seconds, 0.2)
}

func TestTooFewKeysAndNothingToUpdateAreSaid(t *testing.T) {
	small := &schema.Table{Name: table.Name{Database: "a", Table: "b"}, Key: []int{0}, Columns: []schema.Column{{Name: "k", Kind: schema.Bool, Key: true}}}
	o := options(50, &bytes.Buffer{}, small)
	_, err := run(t.Context(), &memory{}, []*schema.Table{small}, o)
	require.ErrorContains(t, err, "give updates no share")
	o.Mix = Mix{Insert: 100}
	_, err = run(t.Context(), &memory{}, []*schema.Table{small}, o)
	require.ErrorContains(t, err, "no free primary key")
}

func TestOptionsProblemsComeTogether(t *testing.T) {
	name := table.Name{Database: "a", Table: "b"}
	err := Options{Tables: []table.Name{name, name}, Rate: -1, MaxTransaction: -1, Mix: Mix{Update: 100}}.Validate()
	for _, message := range []string{"named twice", "count:", "rate:", "max-transaction:", "mix: has no inserts"} {
		require.ErrorContains(t, err, message)
	}
}
