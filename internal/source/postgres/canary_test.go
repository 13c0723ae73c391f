package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func withCanary(req Request) Request {
	req.Canary = true
	return req
}

func TestACanarysTableIsMadeAndFollowedAndWrittenByNobodyElse(t *testing.T) {
	f := onRDS()
	findings, err := runOn(f, withCanary(defaultRequest()))
	require.NoError(t, err)
	require.Equal(t, []string{
		"schema testdb", "schema cdc_canary", "table testdb.retail_trans", "table cdc_canary.heartbeat", "user cdc", `granted "rds_replication"`,
		`granted USAGE ON SCHEMA "testdb"`, `granted USAGE ON SCHEMA "cdc_canary"`, `granted SELECT ON TABLE "testdb"."retail_trans"`,
		`granted SELECT ON TABLE "cdc_canary"."heartbeat"`, `granted INSERT ON TABLE "cdc_canary"."heartbeat"`, `granted UPDATE ON TABLE "cdc_canary"."heartbeat"`,
		"schema cdc_heartbeat",
	}, findings.Changed)
	require.Equal(t, []string{"id"}, findings.Tables[1].PrimaryKey)
	require.Equal(t, "ok: the key", findings.Summary()["replica identity of cdc_canary.heartbeat"])

	findings, err = runOn(f, withCanary(defaultRequest()))
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
	findings, err = runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, []string{
		`revoked INSERT ON TABLE "cdc_canary"."heartbeat"`, `revoked SELECT ON TABLE "cdc_canary"."heartbeat"`,
		`revoked UPDATE ON TABLE "cdc_canary"."heartbeat"`, `revoked USAGE ON SCHEMA "cdc_canary"`,
	}, findings.Changed)
}

func TestAPatternThatTakesTheCanarysTableInIsEnough(t *testing.T) {
	f := onRDS()
	req := withCanary(defaultRequest(RetailTrans, Table{Database: "cdc_c%", Table: "%"}))
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Len(t, findings.Tables, 2, "each table once")
	require.True(t, f.users["cdc"].may[privilege{"INSERT", tableOf(preparation.Canary)}])
}

func TestACheckAloneSaysWhatACanaryLacks(t *testing.T) {
	f := onRDS()
	_, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	req := withCanary(defaultRequest())
	req.CheckOnly = true
	_, err = runOn(f, req)
	require.ErrorContains(t, err, `table cdc_canary.heartbeat is missing: run CREATE SCHEMA IF NOT EXISTS "cdc_canary"; CREATE TABLE IF NOT EXISTS "cdc_canary"."heartbeat"`)
	require.ErrorContains(t, err, "or set alarms.canary to false")
	require.ErrorContains(t, err, `GRANT INSERT ON TABLE "cdc_canary"."heartbeat" TO "cdc"; GRANT UPDATE ON TABLE "cdc_canary"."heartbeat" TO "cdc"`)
}

func TestARequestWithoutACanaryDoesNotSayIt(t *testing.T) {
	text, err := json.Marshal(defaultRequest())
	require.NoError(t, err)
	require.NotContains(t, string(text), "canary")
}
