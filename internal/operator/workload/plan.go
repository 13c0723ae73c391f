package workload

import (
	"cdcpipeline/internal/operator/schema"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// change is a change of one row.
type change struct {
	op Op
	// share is the operation of the mix that the change counts for. It differs from the change's own if there was
	// nothing to update or delete.
	share Op
	table *tableState
	row   *row
	// before is nil for an insert. after is nil for a delete.
	before, after []sql.NullString
}

// row is an existing row of this run.
type row struct {
	// position is the row's index in tableState.rows.
	position int
	values   []sql.NullString
}

// tableState is a table with the rows that this run has inserted.
type tableState struct {
	*schema.Table
	rows    []*row
	mutable []int
	// keys holds the keys of existing rows. It is used if the keys are generated here and not by the database.
	keys map[string]bool
	// deleted holds deleted keys. Some deleted keys are used again, so that a sink must order the delete and the insert
	// correctly.
	deleted [][]sql.NullString
}

func (t *tableState) add(r *row) {
	r.position = len(t.rows)
	t.rows = append(t.rows, r)
	t.keys[t.key(r.values)] = true
}

func (t *tableState) remove(r *row) {
	last := len(t.rows) - 1
	t.rows[r.position] = t.rows[last]
	t.rows[r.position].position = r.position
	t.rows = t.rows[:last]
	delete(t.keys, t.key(r.values))
}

// key joins the values of the primary key. AUTO_INCREMENT values are unknown before the insert and never collide.
func (t *tableState) key(values []sql.NullString) string {
	var s strings.Builder
	for _, i := range t.Key {
		if !t.Columns[i].AutoIncrement {
			fmt.Fprintf(&s, "%d:%s", len(values[i].String), values[i].String)
		}
	}
	return s.String()
}

// planner decides the next change. Each change must be applied before the next one is requested. undo must be called
// for changes that were rolled back.
type planner struct {
	values *values
	quota  quota
	tables []*tableState
	max    int
}

func newPlanner(tables []*schema.Table, o Options) (*planner, error) {
	p := &planner{values: newValues(o.Seed), quota: o.Mix.quota(o.Count), max: o.MaxTransaction}
	updatable := false
	for _, t := range tables {
		state := &tableState{Table: t, mutable: mutable(t), keys: map[string]bool{}}
		p.tables = append(p.tables, state)
		updatable = updatable || len(state.mutable) > 0
	}
	if !updatable && p.quota[Update] > 0 {
		return nil, errors.New("mix: has updates, but besides their keys the tables have no column that may change: give updates no share, e.g. 80/0/20")
	}
	return p, nil
}

func (p *planner) left() int64 { return p.quota.left() }

func (p *planner) transactionSize() int {
	return int(min(int64(1+p.values.random.IntN(p.max)), p.left()))
}

// next plans one change and updates the planner's state.
func (p *planner) next() (*change, error) {
	p.values.tick()
	op, share := p.operation()
	var c *change
	var err error
	switch op {
	case Insert:
		c, err = p.insert()
	case Update:
		c, err = p.update()
	case Delete:
		c = p.remove()
	}
	if err != nil {
		return nil, err
	}
	c.share = share
	p.quota[share]--
	return c, nil
}

// operation draws an operation from the remaining mix, so that a complete run has exactly that mix. It also returns the
// operation whose share it uses. If the drawn operation is impossible, it chooses a possible one, or otherwise inserts.
func (p *planner) operation() (op, share Op) {
	var drawn Op
	n := p.values.random.Int64N(p.left())
	for _, drawn = range operations {
		if n -= p.quota[drawn]; n < 0 {
			break
		}
	}
	if p.possible(drawn) {
		return drawn, drawn
	}
	for _, op := range operations {
		if p.quota[op] > 0 && p.possible(op) {
			return op, op
		}
	}
	return Insert, drawn
}

func (p *planner) possible(op Op) bool {
	switch op {
	case Update:
		return len(p.candidates(Update)) > 0
	case Delete:
		// Keep the last row that can be updated while updates are left and no insert can add another.
		if p.quota[Update] > 0 && p.quota[Insert] == 0 && p.updatable() <= 1 {
			return false
		}
		return len(p.candidates(Delete)) > 0
	case Insert:
	}
	return true
}

// updatable counts the rows that an update can choose from.
func (p *planner) updatable() int {
	n := 0
	for _, t := range p.candidates(Update) {
		n += len(t.rows)
	}
	return n
}

// candidates lists the tables in which op is possible.
func (p *planner) candidates(op Op) []*tableState {
	var tables []*tableState
	for _, t := range p.tables {
		if op == Insert || len(t.rows) > 0 && (op == Delete || len(t.mutable) > 0) {
			tables = append(tables, t)
		}
	}
	return tables
}

// choose chooses a table and one of its rows.
func (p *planner) choose(op Op) (*tableState, *row) {
	t := pick(p.values, p.candidates(op)...)
	return t, pick(p.values, t.rows...)
}

func (p *planner) insert() (*change, error) {
	t := pick(p.values, p.tables...)
	for range attempts * 5 {
		r := &row{values: make([]sql.NullString, len(t.Columns))}
		for i := range t.Columns {
			r.values[i] = p.fresh(t, r.values, i)
		}
		if len(t.deleted) > 0 && p.values.oneIn(20) {
			again := pick(p.values, t.deleted...)
			for _, i := range t.Key {
				r.values[i] = again[i]
			}
		}
		if autoIncrement(t.Table) >= 0 || !t.keys[t.key(r.values)] {
			t.add(r)
			return &change{op: Insert, table: t, row: r, after: r.values}, nil
		}
	}
	return nil, fmt.Errorf("table %s: no free primary key was found after %d rows, because its type has too few values: choose another table or fewer changes", t.Name, len(t.rows))
}

// fresh generates a value. One time in ten it is NULL, if NULL is allowed.
func (p *planner) fresh(t *tableState, values []sql.NullString, i int) sql.NullString {
	c := t.Columns[i]
	if !settable(c) || c.Nullable && p.values.oneIn(10) {
		return sql.NullString{}
	}
	known := func(name string) string {
		for i, c := range t.Columns {
			if c.Name == name {
				return values[i].String
			}
		}
		return ""
	}
	return sql.NullString{String: p.values.value(c, known), Valid: true}
}

// update changes up to three columns. The row must change, because otherwise there is no binlog event.
func (p *planner) update() (*change, error) {
	t, r := p.choose(Update)
	after := append([]sql.NullString(nil), r.values...)
	changed := 0
	order := p.values.random.Perm(len(t.mutable))
	wanted := 1 + p.values.random.IntN(3)
	for _, n := range order {
		i := t.mutable[n]
		for range attempts {
			after[i] = p.fresh(t, after, i)
			if after[i] != r.values[i] {
				changed++
				break
			}
		}
		if changed == wanted {
			break
		}
	}
	if changed == 0 {
		return nil, fmt.Errorf("table %s: each column besides the key has only one possible value: give updates no share in the mix, e.g. 80/0/20", t.Name)
	}
	c := &change{op: Update, table: t, row: r, before: r.values, after: after}
	r.values = after
	return c, nil
}

func (p *planner) remove() *change {
	t, r := p.choose(Delete)
	t.remove(r)
	if autoIncrement(t.Table) < 0 {
		t.deleted = append(t.deleted, r.values)
	}
	return &change{op: Delete, table: t, row: r, before: r.values}
}

// undo reverses changes that were rolled back, last first.
func (p *planner) undo(changes []*change) {
	for i := len(changes) - 1; i >= 0; i-- {
		c := changes[i]
		p.quota[c.share]++
		switch c.op {
		case Insert:
			c.table.remove(c.row)
		case Update:
			c.row.values = c.before
		case Delete:
			c.table.add(c.row)
			if autoIncrement(c.table.Table) < 0 {
				c.table.deleted = c.table.deleted[:len(c.table.deleted)-1]
			}
		}
	}
}
