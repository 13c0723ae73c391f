package dms

import (
	"cdcpipeline/rehearsal/stores/storestest"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

// running is a scene whose task follows changes.
func running(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, types.MigrationTypeValueCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	return s
}

func TestRowsThatCannotBeReadFailTheTask(t *testing.T) {
	for name, c := range map[string]struct{ changes, failure string }{
		"XA transaction": {
			"XA START 'x'; INSERT INTO dms_test.plain (name) VALUES ('xa'); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'",
			"table dms_test.plain: its rows were changed by an XA transaction",
		},
		"XA transaction that is rolled back": {
			"XA START 'x'; INSERT INTO dms_test.plain (name) VALUES ('xa'); XA END 'x'; XA PREPARE 'x'; XA ROLLBACK 'x'",
			"table dms_test.plain: its rows were changed by an XA transaction",
		},
		"compressed event": {
			"SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10; INSERT INTO dms_test.plain (name) VALUES (REPEAT('x', 40)); SET GLOBAL log_bin_compress = OFF, GLOBAL log_bin_compress_min_len = 256",
			"table dms_test.plain: an event is compressed: log_bin_compress must be OFF",
		},
		"row image of a session": {
			"INSERT INTO dms_test.plain (name) VALUES ('a'); SET SESSION binlog_row_image = FULL_NODUP; UPDATE dms_test.plain SET amount = 7; SET SESSION binlog_row_image = FULL",
			"table dms_test.plain: an event lacks columns: binlog_row_image must be FULL, in every session",
		},
		"versions begin": {
			"ALTER TABLE dms_test.plain ADD SYSTEM VERSIONING",
			"table dms_test.plain: it is system-versioned",
		},
		"new table with versions": {
			"CREATE TABLE dms_test.versions (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
			"table dms_test.versions: it is system-versioned",
		},
		"COMPRESSED column": {
			"ALTER TABLE dms_test.plain ADD COLUMN packed VARCHAR(200) COMPRESSED",
			"table dms_test.plain: column packed: it is COMPRESSED",
		},
		"temporal columns of MariaDB 5.3": {
			"SET GLOBAL mysql56_temporal_format = OFF; CREATE TABLE dms_test.old (id INT PRIMARY KEY, at TIME(3)); SET GLOBAL mysql56_temporal_format = ON",
			"table dms_test.old: column at: its values are in the format of MariaDB 5.3",
		},
		"rows without a commit": {
			"CREATE TABLE dms_test.aria (id INT PRIMARY KEY) ENGINE=Aria TRANSACTIONAL=0; BEGIN; INSERT INTO dms_test.plain (name) VALUES ('a'); SAVEPOINT a; INSERT INTO dms_test.plain (name) VALUES ('b'); INSERT INTO dms_test.aria VALUES (1); ROLLBACK TO a; COMMIT",
			"table dms_test.plain: its rows at",
		},
		"a table with other columns in its place": {
			"CREATE TABLE dms_test.ghost LIKE dms_test.plain; ALTER TABLE dms_test.ghost ADD COLUMN extra INT; RENAME TABLE dms_test.plain TO dms_test.was, dms_test.ghost TO dms_test.plain",
			"table dms_test.plain:",
		},
		"statement on partitions": {
			"ALTER TABLE dms_test.plain PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN MAXVALUE)",
			"table dms_test.plain: DMS suspends it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(t)
			s.exec(c.changes)
			require.Contains(t, s.failure(), c.failure)
		})
	}
}

func TestTableThatCannotBeReadKeepsTheTaskFromStarting(t *testing.T) {
	for name, c := range map[string]struct{ made, failure string }{
		"versions":                        {"CREATE TABLE dms_test.versions (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING", "table dms_test.versions: it is system-versioned"},
		"COMPRESSED column":               {"CREATE TABLE dms_test.packed (id INT PRIMARY KEY, v TEXT COMPRESSED)", "table dms_test.packed: column v: it is COMPRESSED"},
		"temporal columns of MariaDB 5.3": {"SET GLOBAL mysql56_temporal_format = OFF; CREATE TABLE dms_test.old (id INT PRIMARY KEY, at DATETIME(6)); SET GLOBAL mysql56_temporal_format = ON", "table dms_test.old: column at: its values are in the format of MariaDB 5.3"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
			s.exec(c.made)
			s.start(types.StartReplicationTaskTypeValueStartReplication)
			require.Contains(t, s.failure(), c.failure)
		})
	}
}

func TestCompressedBinlogKeepsTheTaskFromStarting(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueCdc)
	s.exec("SET GLOBAL log_bin_compress = ON")
	t.Cleanup(func() { _, _ = s.db.Exec("SET GLOBAL log_bin_compress = OFF") })
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	require.Contains(t, s.failure(), `log_bin_compress is "ON"`)
}

func TestTableThatIsNotFollowedMayHaveRowsThatCannotBeRead(t *testing.T) {
	s := running(t)
	s.exec("CREATE OR REPLACE DATABASE dms_elsewhere; CREATE TABLE dms_elsewhere.packed (v VARCHAR(200) COMPRESSED, d DECIMAL(9,2), id INT PRIMARY KEY); INSERT INTO dms_elsewhere.packed VALUES (REPEAT('x', 150), 1.5, 1)")
	s.exec("XA START 'y'; INSERT INTO dms_elsewhere.packed VALUES ('xa', 1.5, 2); XA END 'y'; XA PREPARE 'y'; XA COMMIT 'y'")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('after')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
}

func TestRowsBeforeASavepointAreSent(t *testing.T) {
	s := running(t)
	s.exec("BEGIN; INSERT INTO dms_test.plain (id, name) VALUES (1, 'a'); SAVEPOINT one; INSERT INTO dms_test.plain (id, name) VALUES (2, 'b'); ROLLBACK TO one; INSERT INTO dms_test.plain (id, name) VALUES (3, 'c'); SAVEPOINT two; INSERT INTO dms_test.plain (id, name) VALUES (4, 'd'); RELEASE SAVEPOINT two; COMMIT")
	s.exec("INSERT INTO dms_test.plain (id, name) VALUES (5, 'last')")
	s.until(func() bool { return len(s.of("plain", "insert")) > 0 && s.counted("plain").Inserts >= 4 })
	seen := map[string]bool{}
	for _, r := range s.of("plain", "insert") {
		seen[r.key] = true
	}
	require.Equal(t, map[string]bool{"dms_test.plain.1": true, "dms_test.plain.3": true, "dms_test.plain.4": true, "dms_test.plain.5": true}, seen)
}

func TestAnXATransactionOfOnePhaseIsOneLikeOthers(t *testing.T) {
	s := running(t)
	s.exec("XA START 'x'; INSERT INTO dms_test.plain (name) VALUES ('xa'); XA END 'x'; XA COMMIT 'x' ONE PHASE; INSERT INTO dms_test.plain (name) VALUES ('after')")
	s.until(func() bool { return s.counted("plain").Inserts == 2 })
}

func TestStatementsOnPartitionsAreIgnoredWhenTheEndpointSaysSo(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueCdc)
	_, err := s.client.ModifyEndpoint(t.Context(), &api.ModifyEndpointInput{EndpointArn: &s.source, ExtraConnectionAttributes: aws.String("EventsPollInterval=1;skipTableSuspensionForPartitionDdl=true;")})
	require.NoError(t, err)
	s.exec("ALTER TABLE dms_test.plain PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)")
	require.Equal(t, "successful", s.tested(s.source).Status)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (id, name) VALUES (1, 'a'), (11, 'b'); ALTER TABLE dms_test.plain TRUNCATE PARTITION p0; INSERT INTO dms_test.plain (id, name) VALUES (2, 'c')")
	s.until(func() bool { return s.counted("plain").Inserts == 3 })
	require.Zero(t, s.counted("plain").Ddls)
	require.Empty(t, s.of("plain", "delete"))
}

func TestTableInAFollowedTablesPlaceIsFollowed(t *testing.T) {
	s := running(t)
	s.exec("CREATE TABLE dms_test.ghost LIKE dms_test.plain; RENAME TABLE dms_test.plain TO dms_test.was, dms_test.ghost TO dms_test.plain; INSERT INTO dms_test.plain (name) VALUES ('new')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
	require.Zero(t, s.counted("plain").Ddls)
}

func TestATableIsDefinedAsItIsAtOneMoment(t *testing.T) {
	db := storestest.MariaDB(t).Open(t)
	exec := func(text string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), text)
		require.NoError(t, err)
	}
	exec("CREATE OR REPLACE DATABASE dms_moment; CREATE TABLE dms_moment.t (a INT PRIMARY KEY); CREATE TABLE dms_moment.other (b INT, c INT, PRIMARY KEY (b, c))")
	var stop atomic.Bool
	swapping := make(chan error, 1)
	go func() {
		for !stop.Load() {
			if _, err := db.ExecContext(t.Context(), "RENAME TABLE dms_moment.t TO dms_moment.was; RENAME TABLE dms_moment.other TO dms_moment.t; RENAME TABLE dms_moment.was TO dms_moment.other"); err != nil {
				swapping <- err
				return
			}
		}
		swapping <- nil
	}()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	seen := map[string]int{}
	for range 300 {
		defined, err := define(t.Context(), conn, name{"dms_moment", "t"}, &declared{})
		if errors.Is(err, errNoTable) {
			seen["none"]++
			continue
		}
		require.NoError(t, err)
		columns := make([]string, len(defined.columns))
		for i, c := range defined.columns {
			columns[i] = c.name
		}
		seen[fmt.Sprint(columns, defined.key)]++
	}
	stop.Store(true)
	require.NoError(t, <-swapping)
	delete(seen, "none")
	require.ElementsMatch(t, []string{"[a] [0]", "[b c] [0 1]"}, slices.Collect(maps.Keys(seen)))
}
