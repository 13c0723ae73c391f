package status

import (
	"cdcpipeline/internal/operator/slot"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSlotsOfPostgreSQLAreWatched(t *testing.T) {
	behind := int64(5_000_000_000)
	read := func(change func(*fakeDatabase)) Status {
		p, f := wellParts(), wellDatabase()
		p.outputs.SourceEngine = "postgresql"
		f.slots = []slot.Slot{{Name: "task_1", Active: true, BytesBehind: new(int64(2000)), State: "reserved"}}
		change(f)
		return p.readWith(t, f, Options{})
	}
	well := read(func(*fakeDatabase) {})
	require.Empty(t, well.Problems)
	var shown strings.Builder
	require.NoError(t, well.WriteTable(&shown, false))
	require.Contains(t, shown.String(), "task_1: is read, keeps 2.0 kB of log")

	for problem, change := range map[string]func(*fakeDatabase){
		"the slot task_1 is lost": func(f *fakeDatabase) { f.slots[0].State, f.slots[0].BytesBehind = slot.Lost, nil },
		"the slot task_1 keeps 5.0 GB of log, more than the database may keep": func(f *fakeDatabase) { f.slots[0].State, f.slots[0].BytesBehind = slot.Unreserved, &behind },
		"SELECT pg_drop_replication_slot('other')": func(f *fakeDatabase) {
			f.slots = append(f.slots, slot.Slot{Name: "other", BytesBehind: &behind, State: "extended"})
		},
		"the database has no replication slot":         func(f *fakeDatabase) { f.slots = nil },
		"cannot read the replication slots: no answer": func(f *fakeDatabase) { f.slotsErr = errors.New("no answer") },
	} {
		s := read(change)
		require.Len(t, s.Problems, 1, problem)
		require.Contains(t, s.Problems[0], problem)
	}
}

func TestSlotsAreNoConcernOfMySQL(t *testing.T) {
	p, f := wellParts(), wellDatabase()
	f.slotsErr = errors.New("asked")
	s := p.readWith(t, f, Options{})
	require.Nil(t, s.Slots)
	require.Empty(t, s.Problems)
}
