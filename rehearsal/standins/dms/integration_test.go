package dms

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

func TestLoadedAndChangedRowsHaveTheSameForm(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec("INSERT INTO dms_test.kinds VALUES " + fmt.Sprintf(everyValue, 1) + "; INSERT INTO dms_test.kinds (a, b) VALUES (2, 2)")
	var mu sync.Mutex
	captured := map[string]int{}
	s.service.OnCaptured(func(records [][]byte) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range records {
			captured[string(r)]++
		}
	})
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.kinds VALUES " + fmt.Sprintf(everyValue, 11) + "; UPDATE dms_test.kinds SET a = 12 WHERE a = 2; DELETE FROM dms_test.kinds WHERE a = 12")
	s.until(func() bool { return s.counted("kinds").Deletes == 1 })

	loads, inserts := s.of("kinds", "load"), s.of("kinds", "insert")
	require.Len(t, loads, 2)
	require.Len(t, inserts, 1)
	load := loads[0]
	if len(load.Data) == 2 {
		load = loads[1]
	}
	t.Log(load.raw)
	t.Log(inserts[0].raw)
	delete(load.Data, "a")
	delete(inserts[0].Data, "a")
	require.Equal(t, load.Data, inserts[0].Data)
	require.Equal(t, "18446744073709551615", string(load.Data["b"]))
	require.Equal(t, `"2026-11-23T09:40:00Z"`, string(load.Data["dt"]))
	require.Equal(t, "dms_test.kinds.1.18446744073709551615", load.key)
	require.True(t, strings.HasSuffix(load.raw, "}\n"))

	update := s.of("kinds", "update")[0]
	t.Log(update.raw)
	require.Equal(t, map[string]json.RawMessage{"a": json.RawMessage("2"), "b": json.RawMessage("2")}, update.Before)
	require.Equal(t, "dms_test.kinds.12.2", update.key)
	require.Equal(t, map[string]json.RawMessage{"a": json.RawMessage("12"), "b": json.RawMessage("2")}, s.of("kinds", "delete")[0].Data)
	require.Len(t, s.of("kinds", "create-table"), 1)
	require.Len(t, s.of("awsdms_apply_exceptions", "create-table"), 1)
	mu.Lock()
	defer mu.Unlock()
	for _, r := range []string{load.raw, inserts[0].raw, update.raw, s.of("kinds", "delete")[0].raw} {
		require.Equal(t, 1, captured[r], r)
	}
	t.Log(s.of("kinds", "create-table")[0].raw)
}

func TestStoppedTaskGoesOnWhereItWas(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('before')")
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('while')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
	_, err := s.client.StopReplicationTask(t.Context(), &api.StopReplicationTaskInput{ReplicationTaskArn: &s.task})
	require.NoError(t, err)
	require.Equal(t, "Stop Reason NORMAL", *s.wait("stopped").StopReason)
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('stopped'), ('too')")
	s.start(types.StartReplicationTaskTypeValueResumeProcessing)
	s.wait("running")
	s.until(func() bool { return s.counted("plain").Inserts == 3 })
	require.Len(t, s.of("plain", "load"), 1)
	require.Len(t, s.of("plain", "insert"), 3)
	require.EqualValues(t, "Table completed", *s.counted("plain").TableState)

	s.refusesStart(t, "running already")
	_, err = s.client.StopReplicationTask(t.Context(), &api.StopReplicationTaskInput{ReplicationTaskArn: &s.task})
	require.NoError(t, err)
	s.wait("stopped")
	s.start(types.StartReplicationTaskTypeValueReloadTarget)
	s.wait("running")
	s.until(func() bool { return s.counted("plain").FullLoadRows == 4 })
}

func (s *scene) refusesStart(t *testing.T, why string) {
	t.Helper()
	_, err := s.client.StartReplicationTask(t.Context(), &api.StartReplicationTaskInput{ReplicationTaskArn: &s.task, StartReplicationTaskType: types.StartReplicationTaskTypeValueResumeProcessing})
	var state *types.InvalidResourceStateFault
	require.ErrorAs(t, err, &state, why)
}

func TestComputedAndInvisibleColumnsAreInNoRecord(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec(`CREATE TABLE dms_test.computed (id INT PRIMARY KEY, a INT, kept INT AS (a + 1) PERSISTENT, shown INT AS (a + 2) VIRTUAL, hidden INT INVISIBLE DEFAULT 5, b INT);
		INSERT INTO dms_test.computed (id, a, b) VALUES (1, 2, 3)`)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.computed (id, a, b) VALUES (2, 3, 4); UPDATE dms_test.computed SET b = 9 WHERE id = 1")
	s.until(func() bool { return s.counted("computed").Updates == 1 })
	for operation, want := range map[string]string{"load": `{"id":1,"a":2,"b":3}`, "insert": `{"id":2,"a":3,"b":4}`, "update": `{"id":1,"a":2,"b":9}`} {
		all := s.of("computed", operation)
		require.Len(t, all, 1, operation)
		data, err := json.Marshal(all[0].Data)
		require.NoError(t, err)
		require.JSONEq(t, want, string(data), operation)
	}
	for _, column := range []string{"kept", "shown", "hidden"} {
		require.NotContains(t, s.of("computed", "create-table")[0].raw, column)
	}
}

func TestAlteredTableIsFollowed(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('old'); ALTER TABLE dms_test.plain ADD COLUMN extra VARCHAR(9); INSERT INTO dms_test.plain (name, extra) VALUES ('new', 'x'); UPDATE dms_test.plain SET amount = 7")
	s.until(func() bool { return s.counted("plain").Updates == 2 })
	require.Len(t, s.of("plain", "add-column"), 1)
	inserts := s.of("plain", "insert")
	require.Len(t, inserts, 2)
	require.EqualValues(t, 1, s.counted("plain").Ddls)
	s.exec("TRUNCATE TABLE dms_test.plain")
	s.until(func() bool { return s.counted("plain").Ddls == 2 })
	s.exec("DROP TABLE dms_test.plain; TRUNCATE TABLE dms_test.kinds")
	s.until(func() bool { return s.counted("kinds").Ddls == 1 })
	require.EqualValues(t, 2, s.counted("plain").Ddls, "DMS does not count a DROP TABLE")
	require.Empty(t, s.of("plain", "delete"))
}

func TestTooLongLobFailsTheTask(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.kinds (a, b, lt) VALUES (1, 1, REPEAT('x', 32769))")
	require.Contains(t, s.failure(), "column lt: 32769 bytes are more than LobMaxSize (32768)")
}

func TestLostConnectionIsRetried(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('one')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
	rows, err := s.db.QueryContext(t.Context(), "SELECT id FROM information_schema.PROCESSLIST WHERE user = 'replicator'")
	require.NoError(t, err)
	var ids []int64
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, ids)
	for _, id := range ids {
		_, _ = s.db.ExecContext(context.Background(), fmt.Sprintf("KILL CONNECTION %d", id))
	}
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('two')")
	s.until(func() bool { return s.counted("plain").Inserts == 2 })
	require.Len(t, s.of("plain", "insert"), 2)
}

func TestRowsCommittedWhileLoadingComeOnce(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec("INSERT INTO dms_test.plain (name) SELECT 'before' FROM dms_test.seq_1_to_4000")
	var committed int64 = 4000
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	for s.counted("plain").FullLoadRows < 1 || committed < 4200 {
		s.exec("INSERT INTO dms_test.plain (name) VALUES ('while')")
		committed++
	}
	s.until(func() bool { c := s.counted("plain"); return c.FullLoadRows+c.Inserts == committed })
	seen := map[string]int{}
	for _, r := range append(s.of("plain", "load"), s.of("plain", "insert")...) {
		seen[r.key]++
	}
	require.Len(t, seen, int(committed))
	require.Positive(t, s.counted("plain").Inserts)
	t.Logf("%d of %d rows were loaded", s.counted("plain").FullLoadRows, committed)
}

func TestThroughput(t *testing.T) {
	const loaded, changed = 12_000, 12_000
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec(fmt.Sprintf("INSERT INTO dms_test.plain (name, amount) SELECT CONCAT('name', seq), seq FROM dms_test.seq_1_to_%d", loaded))
	began := time.Now()
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.until(func() bool { return s.counted("plain").FullLoadRows == loaded })
	load := time.Since(began)
	for i := range changed / 1000 {
		s.exec(fmt.Sprintf("INSERT INTO dms_test.plain (name, amount) SELECT CONCAT('c%d-', seq), seq FROM dms_test.seq_1_to_1000", i))
	}
	began = time.Now()
	s.until(func() bool { return s.counted("plain").Inserts == changed })
	t.Logf("load: %.0f rows/s; changes: %.0f rows/s after the last commit", loaded/load.Seconds(), changed/time.Since(began).Seconds())
	seen := map[string]int{}
	for _, r := range s.records() {
		if r.Control == nil {
			seen[r.key]++
		}
	}
	require.Len(t, seen, loaded+changed)
}
