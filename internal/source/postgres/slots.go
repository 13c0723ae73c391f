package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
	"strconv"
)

// The oldest supported server lacks wal_status.
const slotsQuery = `SELECT slot_name, coalesce(plugin, ''), coalesce(database, ''), active, coalesce(to_jsonb(s)->>'wal_status', ''),
CASE WHEN active THEN 0 ELSE coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, 0) END FROM pg_replication_slots s WHERE NOT temporary ORDER BY slot_name`

const sendersQuery = "SELECT count(*) FROM pg_stat_replication"

// plugins are the output plugins that DMS uses.
var plugins = []string{"test_decoding", "pglogical"}

// checkSlots finds unused slots, and checks that a slot and a sender are free for the task.
func (r *run) checkSlots(ctx context.Context) {
	slots, err := r.db.Query(ctx, slotsQuery)
	if err != nil {
		r.broke(fmt.Errorf("listing replication slots: %w", err))
		return
	}
	senders, err := r.db.Query(ctx, sendersQuery)
	if err != nil {
		r.broke(fmt.Errorf("counting senders: %w", err))
		return
	}
	for _, s := range slots {
		name, plugin, active := s[0], s[1], s[3] == truth
		if plugin == "" {
			continue // the slot of a replica
		}
		if active && s[2] == r.server.database && slices.Contains(plugins, plugin) {
			r.slot = name
		}
		if !active {
			r.checkIdle(name, s[4], s[5])
		}
	}
	taken, _ := strconv.Atoi(senders[0][0]) // digits
	r.checkRoom("max_replication_slots", len(slots), "slot")
	r.checkRoom("max_wal_senders", taken, "sender")
}

// checkIdle: a slot keeps the log from its reader's last position.
func (r *run) checkIdle(name, status, bytes string) {
	kept, _ := strconv.ParseInt(bytes, 10, 64) // digits
	f := Finding{Check: "slot " + name, Value: fmt.Sprintf("read by nobody, and %d MB of the log are kept for it", kept>>20)}
	if status == "lost" {
		f.Value = "lost: what its reader has not read is gone"
	}
	f.Tell(Warning, ", unless it is of a task that is stopped and will go on", "SELECT pg_drop_replication_slot("+quoteText(name)+")")
	r.add(f)
}

// checkRoom: AWS asks for more than one of each.
func (r *run) checkRoom(setting string, taken int, of string) {
	most, err := strconv.Atoi(r.server.settings[setting])
	f := Finding{Check: setting, Status: OK, Value: fmt.Sprintf("%d of %d taken", taken, most)}
	advice := fmt.Sprintf("set %s to %d or more%s and restart the writer: the task takes one %s", setting, max(taken+1, 2), inParameterGroup, of)
	switch {
	case err != nil || most < 2:
		f.Status, f.Advice = Failed, advice
	case taken >= most && r.slot == "":
		f.Status, f.Advice = Failed, advice+", or drop one that nobody needs"
	}
	r.add(f)
}

const preparedQuery = "SELECT gid, database FROM pg_prepared_xacts ORDER BY prepared"

// checkPrepared finds prepared transactions that have not ended, because making a slot waits for each.
func (r *run) checkPrepared(ctx context.Context) {
	rows, err := r.db.Query(ctx, preparedQuery)
	if err != nil {
		r.broke(fmt.Errorf("listing prepared transactions: %w", err))
		return
	}
	f := Finding{Check: "prepared transactions", Status: OK, Value: "none"}
	if len(rows) > 0 {
		f.Value = preparation.Count(len(rows), "transaction") + " prepared and not committed"
		var statements []string
		for _, row := range rows {
			statements = append(statements, "COMMIT PREPARED "+quoteText(row[0]))
		}
		f.Tell(Failed, " (or ROLLBACK PREPARED with the same) in the database of each: the task begins when all are ended", statements...)
	}
	r.add(f)
}
