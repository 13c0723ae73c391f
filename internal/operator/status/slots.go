package status

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/slot"
	"cdcpipeline/internal/task"
	"context"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
)

// SlotsStatus describes the replication slots of a PostgreSQL source.
type SlotsStatus struct {
	List  []slot.Slot `json:"list"`
	Error string      `json:"error,omitempty"`
}

// readSlots reads the slots. It returns nil for MySQL, and if the status does not use the database.
func (s Source) readSlots(ctx context.Context) *SlotsStatus {
	if s.Database == nil || !change.Kind(s.SourceEngine).Postgres() {
		return nil
	}
	database, err := s.Database(ctx)
	if err != nil {
		return &SlotsStatus{Error: explain(ctx, err)}
	}
	defer database.Close()
	list, err := database.Slots(ctx)
	if err != nil {
		return &SlotsStatus{Error: explain(ctx, err)}
	}
	return &SlotsStatus{List: list}
}

// rows returns a line for each slot.
func (s *SlotsStatus) rows(paint painter) []table.Row {
	var rows []table.Row
	for _, one := range s.List {
		reader := "no reader"
		if one.Active {
			reader = "is read"
		}
		kept := "keeps no log"
		if one.BytesBehind != nil {
			kept = "keeps " + bytes(*one.BytesBehind) + " of log"
		}
		good := one.State != slot.Lost && one.State != slot.Unreserved
		rows = append(rows, table.Row{"slot", stateOf(paint, "", orElse(one.State, "-"), good), "", fmt.Sprintf("%s: %s, %s", one.Name, reader, kept)})
	}
	if s.Error != "" {
		rows = append(rows, table.Row{"slot", stateOf(paint, s.Error, "", false), "", "-"})
	}
	return rows
}

func (s *SlotsStatus) judge(running bool, add func(bool, string, ...any)) {
	if s == nil {
		return
	}
	add(s.Error != "", "cannot read the replication slots: %s", s.Error)
	add(s.Error == "" && running && len(s.List) == 0, "the task runs, but the database has no replication slot: check source.databaseName")
	for _, one := range s.List {
		var kept int64
		if one.BytesBehind != nil {
			kept = *one.BytesBehind
		}
		switch {
		case one.State == slot.Lost:
			add(true, "the slot %s is lost: PostgreSQL has removed log that the task had not read, so changes are missing: raise source.slotWalGb, then run `cdc start --reload`", one.Name)
		case one.State == slot.Unreserved:
			add(true, "the slot %s keeps %s of log, more than the database may keep for it (max_slot_wal_keep_size): make the task catch up before the slot is lost, and raise source.slotWalGb", one.Name, bytes(kept))
		case !one.Active && running:
			add(true, "nobody reads the slot %s, but it keeps %s of log on the database's disk: if no task of yours uses it, run SELECT pg_drop_replication_slot('%[1]s')", one.Name, bytes(kept))
		}
	}
}

func (s *SourceStatus) judgeSlots(add func(bool, string, ...any)) {
	s.Slots.judge(s.Task.State == task.StateRunning, add)
}
