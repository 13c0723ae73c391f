package storestest_test

import (
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func masterOf(t *testing.T, database *storestest.PostgresDatabase) *sql.DB {
	t.Helper()
	require.NoError(t, database.ApplyMaster(t.Context(), "cdcadmin", `pass'w\ord`))
	require.NoError(t, database.ApplyMaster(t.Context(), "cdcadmin", `pass'w\ord2`), "a password that is changed")
	return database.OpenAs(t, "postgres", "cdcadmin", `pass'w\ord2`)
}

func TestPostgresIsHandedOutAsRDSDoes(t *testing.T) {
	database := storestest.Postgres(t)
	master := masterOf(t, database)
	exec := func(text string) error {
		_, err := master.ExecContext(t.Context(), text)
		return err
	}
	for setting, want := range map[string]string{
		"rds.logical_replication": "on", "rds.force_ssl": "on", "wal_level": "logical", "is_superuser": "off", "max_replication_slots": "20",
	} {
		var got string
		require.NoError(t, master.QueryRowContext(t.Context(), "SHOW "+setting).Scan(&got), setting)
		require.Equal(t, want, got, setting)
	}
	require.ErrorContains(t, exec("CREATE ROLE other SUPERUSER"), "permission denied to create role")
	require.ErrorContains(t, exec("CREATE PUBLICATION everything FOR ALL TABLES"), "must be superuser")
	require.NoError(t, exec("CREATE DATABASE masters_own"))
	require.NoError(t, exec("CREATE TABLE IF NOT EXISTS in_public (id INT PRIMARY KEY)"), "the master user has the database")
	require.NoError(t, exec("CREATE ROLE follower LOGIN PASSWORD 'secret'; GRANT rds_replication TO follower"))

	follower := database.OpenAs(t, "postgres", "follower", "secret")
	slot := func() error {
		_, err := follower.ExecContext(t.Context(), "SELECT pg_create_logical_replication_slot('trial', 'test_decoding'); SELECT pg_drop_replication_slot('trial')")
		return err
	}
	require.Eventually(t, func() bool { return slot() == nil }, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, exec("REVOKE rds_replication FROM follower"))
	require.Eventually(t, func() bool { return slot() != nil }, 10*time.Second, 20*time.Millisecond)
	require.ErrorContains(t, slot(), "permission denied to use replication slots")
}

func TestPostgresTakesNobodyWithoutTLSAndRDSsOwnUserFromNowhere(t *testing.T) {
	database := storestest.Postgres(t)
	config, err := database.Client("postgres", database.User, database.Password, database.ClientTLS())
	require.NoError(t, err)
	connect := func() error {
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err == nil {
			err = conn.Close(context.Background())
		}
		return err
	}
	require.NoError(t, connect())
	config.TLSConfig = nil
	require.ErrorContains(t, connect(), "no encryption")
	config.TLSConfig, config.User = database.ClientTLS(), "rdsadmin"
	require.ErrorContains(t, connect(), "pg_hba.conf rejects connection")
}

func TestWhatAKilledPostgresHasCommittedIsThereWhenItComesBack(t *testing.T) {
	database := storestest.PostgresWith(t, "max_slot_wal_keep_size=64MB")
	db := database.Open(t, "postgres")
	_, err := db.ExecContext(t.Context(), "CREATE TABLE crash (n INT PRIMARY KEY)")
	require.NoError(t, err)
	_, err = database.Root().ExecContext(t.Context(), "SELECT pg_create_logical_replication_slot('stays', 'test_decoding')")
	require.NoError(t, err)
	committed := make(chan int)
	go func() { // until one is not
		n := 0
		for {
			if _, err := db.ExecContext(context.Background(), "INSERT INTO crash VALUES ($1)", n); err != nil {
				committed <- n
				return
			}
			n++
		}
	}()
	time.Sleep(300 * time.Millisecond)
	began := time.Now()
	require.NoError(t, database.Crash(t.Context(), time.Second))
	require.Greater(t, time.Since(began), time.Second)
	n := <-committed
	require.NotZero(t, n)
	select {
	case <-database.Done():
		t.Fatal("a crash is no end")
	default:
	}
	var found int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM crash").Scan(&found))
	require.GreaterOrEqual(t, found, n, "one more may have been committed whose answer never came")
	require.LessOrEqual(t, found, n+1)
	var keeps, slot string
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT current_setting('max_slot_wal_keep_size'), slot_name FROM pg_replication_slots").Scan(&keeps, &slot))
	require.Equal(t, "64MB", keeps)
	require.Equal(t, "stays", slot)
	ended, err := database.Disconnect(t.Context(), database.User)
	require.NoError(t, err)
	require.Positive(t, ended)
}

func TestPostgresMakesADatabaseForItsMaster(t *testing.T) {
	database := storestest.Postgres(t)
	masterOf(t, database)
	for range 2 { // it exists the second time
		require.NoError(t, database.Make(t.Context(), "shop", "cdcadmin"))
	}
	var owner string
	require.NoError(t, database.Root().QueryRowContext(t.Context(), "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'").Scan(&owner))
	require.Equal(t, "cdcadmin", owner)
	inside, err := database.RootIn("shop")
	require.NoError(t, err)
	var name string
	require.NoError(t, inside.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name))
	require.Equal(t, "shop", name)
	_, err = database.OpenAs(t, "shop", "cdcadmin", `pass'w\ord2`).ExecContext(t.Context(), "CREATE TABLE t (id INT PRIMARY KEY)")
	require.NoError(t, err)
}

func TestPostgresTakesSettingsOfAParameterGroup(t *testing.T) {
	database := storestest.PostgresWith(t)
	require.NoError(t, database.Set(t.Context(), map[string]string{"max_slot_wal_keep_size": "2048", "wal_level": "replica", "rds.force_ssl": "1", "no_such_thing": "1"}))
	shown := func(name string) (value string) {
		require.NoError(t, database.Root().QueryRowContext(t.Context(), "SHOW "+name).Scan(&value))
		return value
	}
	require.Eventually(t, func() bool { return shown("max_slot_wal_keep_size") == "2GB" }, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, database.Crash(t.Context(), 0))
	require.Equal(t, "2GB", shown("max_slot_wal_keep_size"))
	require.Equal(t, "logical", shown("wal_level"))
}
