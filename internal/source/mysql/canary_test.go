package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func withCanary(req Request) Request {
	req.Canary = true
	return req
}

func TestACanarysTableIsMadeAndFollowedAndWrittenByNobodyElse(t *testing.T) {
	f := aurora()
	findings, err := runOn(f, withCanary(defaultRequest()))
	require.NoError(t, err)
	require.Equal(t, []string{
		"binlog retention hours: 24, was 0", "database testdb", "database cdc_canary", "table testdb.retail_trans", "table cdc_canary.heartbeat", "user cdc",
		"granted REPLICATION CLIENT ON *.*", "granted REPLICATION SLAVE ON *.*", "granted SELECT ON `testdb`.`retail_trans`",
		"granted SELECT ON `cdc_canary`.`heartbeat`", "granted INSERT ON `cdc_canary`.`heartbeat`", "granted UPDATE ON `cdc_canary`.`heartbeat`",
	}, findings.Changed)
	require.Equal(t, []string{"id"}, findings.Tables[1].PrimaryKey, "the current state learns of its key")

	f.statements = nil
	findings, err = runOn(f, withCanary(defaultRequest()))
	require.NoError(t, err)
	require.Empty(t, findings.Changed)
	require.Equal(t, []string{retailTrans}, f.statements)
}

func TestWithoutACanaryItsPrivilegesAreTakenBack(t *testing.T) {
	f := aurora()
	_, err := runOn(f, withCanary(defaultRequest()))
	require.NoError(t, err)
	findings, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	require.Equal(t, []string{
		"revoked INSERT ON `cdc_canary`.`heartbeat`", "revoked SELECT ON `cdc_canary`.`heartbeat`", "revoked UPDATE ON `cdc_canary`.`heartbeat`",
	}, findings.Changed)
	require.Len(t, findings.Tables, 1)
}

func TestAPatternThatTakesTheCanarysTableInIsEnough(t *testing.T) {
	f := aurora()
	req := withCanary(defaultRequest())
	req.Tables = []Table{RetailTrans, {Database: "cdc%", Table: "%"}}
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Len(t, findings.Tables, 2, "each table once")
	require.True(t, f.users["cdc"].privileges["INSERT ON `cdc_canary`.`heartbeat`"])
	require.True(t, f.users["cdc"].privileges["SELECT ON `cdc%`.*"])
}

func TestACheckAloneSaysWhatACanaryLacks(t *testing.T) {
	f := aurora()
	_, err := runOn(f, defaultRequest())
	require.NoError(t, err)
	f.statements = nil
	req := withCanary(defaultRequest())
	req.CheckOnly = true
	findings, err := runOn(f, req)
	require.ErrorContains(t, err, "table cdc_canary.heartbeat is missing: run CREATE DATABASE IF NOT EXISTS `cdc_canary`; CREATE TABLE IF NOT EXISTS `cdc_canary`.`heartbeat`")
	require.ErrorContains(t, err, "or set alarms.canary to false")
	require.ErrorContains(t, err, "GRANT INSERT ON `cdc_canary`.`heartbeat` TO 'cdc'@'%'; GRANT UPDATE ON `cdc_canary`.`heartbeat` TO 'cdc'@'%'")
	require.Empty(t, f.statements)
	for _, c := range findings.Checks {
		for _, statement := range c.SQL {
			require.NoError(t, f.Exec(t.Context(), statement), statement)
		}
	}
	f.users["cdc"].privileges["SELECT ON `cdc_canary`.`heartbeat`"] = true
	_, err = runOn(f, req)
	require.NoError(t, err)
}

func TestACloneOfTheUserWritesTheCanarysRowToo(t *testing.T) {
	f := aurora()
	_, err := runOn(f, withCanary(defaultRequest()))
	require.NoError(t, err)
	f.users["cdc"].privileges["DELETE ON `testdb`.`retail_trans`"] = true
	f.users["cdc"].privileges["INSERT ON `testdb`.`retail_trans`"] = true
	require.NoError(t, Clone(t.Context(), f, f.login, "cdc", Credentials{Username: "cdc_clone", Password: "another-word"}))
	delete(f.users["cdc"].privileges, "DELETE ON `testdb`.`retail_trans`")
	delete(f.users["cdc"].privileges, "INSERT ON `testdb`.`retail_trans`")
	require.Equal(t, f.users["cdc"].privileges, f.users["cdc_clone"].privileges)
}

// A changed request triggers a new run, so stacks without a canary must keep theirs.
func TestARequestWithoutACanaryDoesNotSayIt(t *testing.T) {
	text, err := json.Marshal(defaultRequest())
	require.NoError(t, err)
	require.NotContains(t, string(text), "canary")
	require.False(t, slices.Contains(defaultRequest().withCanary().Tables, preparation.Canary))
}
