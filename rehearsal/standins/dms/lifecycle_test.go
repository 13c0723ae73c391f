package dms

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
)

const instance = "instance"

func (s *scene) stop() {
	s.t.Helper()
	out, err := s.client.StopReplicationTask(s.t.Context(), &api.StopReplicationTaskInput{ReplicationTaskArn: &s.task})
	require.NoError(s.t, err)
	require.Contains(s.t, []string{"stopping", "stopped"}, *out.ReplicationTask.Status)
	s.wait("stopped")
}

// modify gives the task other mappings: these tables and additional rules.
func (s *scene) modify(tables []string, more ...string) error {
	s.t.Helper()
	var rules []string
	for _, table := range tables {
		rules = append(rules, selection("include", "dms[_]test", table))
	}
	_, err := s.client.ModifyReplicationTask(s.t.Context(), &api.ModifyReplicationTaskInput{
		ReplicationTaskArn: &s.task, TableMappings: aws.String(mapping(strings.Join(append(rules, more...), ","))),
	})
	return err
}

func requireFault(t *testing.T, err error, code, message string) {
	t.Helper()
	var fault smithy.APIError
	require.ErrorAs(t, err, &fault)
	require.Equal(t, code, fault.ErrorCode())
	require.Contains(t, fault.ErrorMessage(), message)
}

func TestARunningTaskCannotBeChanged(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	requireFault(t, s.modify([]string{"plain"}), "InvalidResourceStateFault", "stop it first")
	for _, endpoint := range []string{s.source, s.target} {
		_, err := s.client.ModifyEndpoint(t.Context(), &api.ModifyEndpointInput{EndpointArn: &endpoint})
		requireFault(t, err, "InvalidResourceStateFault", "stop it first")
	}
	_, err := s.client.DeleteReplicationTask(t.Context(), &api.DeleteReplicationTaskInput{ReplicationTaskArn: &s.task})
	requireFault(t, err, "InvalidResourceStateFault", "stop it first")
	_, err = s.client.DeleteEndpoint(t.Context(), &api.DeleteEndpointInput{EndpointArn: &s.source})
	requireFault(t, err, "InvalidResourceStateFault", "part of one or more ReplicationTasks")
}

func TestAStoppedTaskIsModifiedAndGoesOn(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.stop()
	_, err := s.client.ModifyReplicationTask(t.Context(), &api.ModifyReplicationTaskInput{ReplicationTaskArn: &s.task, MigrationType: types.MigrationTypeValueCdc})
	requireFault(t, err, "InvalidParameterCombinationException", "migration type")
	goOn := s.hold()
	require.NoError(t, s.modify([]string{"plain"}))
	require.Equal(t, "modifying", *s.described().Status)
	s.refusesStart(t, "while it is modified")
	goOn()
	s.wait("stopped")
	s.start(types.StartReplicationTaskTypeValueResumeProcessing)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('after')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
}

func TestEveryStartHasItsType(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueCdc)
	start := func(how types.StartReplicationTaskTypeValue) error {
		_, err := s.client.StartReplicationTask(t.Context(), &api.StartReplicationTaskInput{ReplicationTaskArn: &s.task, StartReplicationTaskType: how})
		return err
	}
	requireFault(t, start(types.StartReplicationTaskTypeValueResumeProcessing), "InvalidParameterCombinationException", "tasks that have run")
	require.NoError(t, start(types.StartReplicationTaskTypeValueStartReplication))
	s.wait("running")
	s.stop()
	requireFault(t, start(types.StartReplicationTaskTypeValueStartReplication), "InvalidParameterCombinationException", "first time")
	require.NoError(t, start(types.StartReplicationTaskTypeValueResumeProcessing))
}

func TestAChangedEndpointIsTestedBeforeItsTaskStarts(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.stop()
	goOn := s.hold()
	for _, change := range []*api.ModifyEndpointInput{
		{EndpointArn: &s.source, ExtraConnectionAttributes: aws.String("EventsPollInterval=2;")},
		{EndpointArn: &s.target, KinesisSettings: &types.KinesisSettings{IncludeNullAndEmpty: aws.Bool(true)}},
	} {
		_, err := s.client.ModifyEndpoint(t.Context(), change)
		require.NoError(t, err)
	}
	s.refusesStart(t, "its endpoints are being tested")
	for _, endpoint := range []string{s.source, s.target} {
		_, err := s.client.TestConnection(t.Context(), &api.TestConnectionInput{EndpointArn: &endpoint, ReplicationInstanceArn: aws.String(instance)})
		requireFault(t, err, "InvalidResourceStateFault", "already being tested")
	}
	goOn()
	for _, endpoint := range []string{s.source, s.target} {
		require.Equal(t, "successful", s.tested(endpoint).Status)
	}
	s.start(types.StartReplicationTaskTypeValueResumeProcessing)
	s.wait("running")
	s.exec("INSERT INTO dms_test.plain (name) VALUES ('after')")
	s.until(func() bool { return s.counted("plain").Inserts == 1 })
	inserted := s.of("plain", "insert")[0]
	require.Equal(t, "null", string(inserted.Data["amount"]), "as it was changed")
	require.Contains(t, inserted.Metadata, "transaction-id", "what was not changed stays")
}

func TestATaskStartsOnlyWhenItsEndpointsWereReached(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueCdc)
	s.service.AcceptUntested(false)
	start := func() error {
		_, err := s.client.StartReplicationTask(t.Context(), &api.StartReplicationTaskInput{ReplicationTaskArn: &s.task, StartReplicationTaskType: types.StartReplicationTaskTypeValueStartReplication})
		return err
	}
	for _, endpoint := range []string{s.source, s.target} {
		requireFault(t, start(), "InvalidResourceStateFault", "should be successful for starting the replication task: "+endpoint)
		out, err := s.client.TestConnection(t.Context(), &api.TestConnectionInput{EndpointArn: &endpoint, ReplicationInstanceArn: aws.String(instance)})
		require.NoError(t, err)
		require.Equal(t, "testing", *out.Connection.Status)
		require.Equal(t, "successful", s.tested(endpoint).Status)
	}
	require.NoError(t, start())
	s.wait("running")
}

// tested waits for the end of a test.
func (s *scene) tested(endpoint string) (last connection) {
	s.t.Helper()
	s.until(func() bool {
		out, err := s.client.DescribeConnections(s.t.Context(), &api.DescribeConnectionsInput{Filters: filter("endpoint-arn", endpoint)})
		require.NoError(s.t, err)
		require.Len(s.t, out.Connections, 1)
		last.Status, last.LastFailureMessage = *out.Connections[0].Status, *out.Connections[0].LastFailureMessage
		return last.Status != "testing"
	})
	return last
}

func TestAnEndpointThatCannotBeReachedFailsItsTest(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec("ALTER USER 'replicator'@'%' IDENTIFIED BY 'changed'")
	_, err := s.client.TestConnection(t.Context(), &api.TestConnectionInput{EndpointArn: &s.source, ReplicationInstanceArn: aws.String(instance)})
	require.NoError(t, err)
	test := s.tested(s.source)
	require.Equal(t, "failed", test.Status)
	require.Contains(t, test.LastFailureMessage, "Access denied")
}

func TestAnAddedTableIsFollowedButLoadedOnlyWhenAsked(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec("CREATE TABLE dms_test.added (id INT PRIMARY KEY, name VARCHAR(40)); INSERT INTO dms_test.added VALUES (1, 'before'), (2, 'before')")
	require.NoError(t, s.modify([]string{"plain"}))
	s.wait("ready")
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.until(func() bool { return s.described().ReplicationTaskStats.FullLoadFinishDate != nil })
	require.NotNil(t, s.counted("plain").FullLoadStartTime)
	s.stop()
	require.NoError(t, s.modify([]string{"plain", "added"}))
	s.wait("stopped")
	s.exec("INSERT INTO dms_test.added VALUES (3, 'while it was stopped')")
	s.start(types.StartReplicationTaskTypeValueResumeProcessing)
	s.wait("running")
	s.exec("INSERT INTO dms_test.added VALUES (4, 'after')")
	s.until(func() bool { return s.counted("added").Inserts == 2 })
	added := s.counted("added")
	require.Nil(t, added.FullLoadStartTime)
	require.Zero(t, added.FullLoadRows)
	require.Equal(t, "Table completed", *added.TableState)
	require.NotNil(t, s.counted("plain").FullLoadStartTime)
	stats := s.described().ReplicationTaskStats
	require.True(t, stats.FreshStartDate.Before(*stats.StartDate))

	s.reload("added")
	s.until(func() bool { return s.counted("added").FullLoadEndTime != nil })
	added = s.counted("added")
	require.EqualValues(t, 4, added.FullLoadRows)
	require.True(t, *added.FullLoadReloaded)
	require.Len(t, s.of("added", "load"), 4)
	s.exec("INSERT INTO dms_test.added VALUES (5, 'later')")
	s.until(func() bool { return s.counted("added").Inserts == 3 })
}

func (s *scene) reload(tables ...string) {
	s.t.Helper()
	require.NoError(s.t, s.tryReload(tables...))
}

func (s *scene) tryReload(tables ...string) error {
	input := &api.ReloadTablesInput{ReplicationTaskArn: &s.task}
	for _, table := range tables {
		input.TablesToReload = append(input.TablesToReload, types.TableToReload{SchemaName: aws.String("dms_test"), TableName: aws.String(table)})
	}
	_, err := s.client.ReloadTables(s.t.Context(), input)
	return err
}

func TestReloadsThatAreRefused(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	requireFault(t, s.tryReload("plain"), "InvalidResourceStateFault", "not in a running state")
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.until(func() bool { return s.counted("plain").FullLoadEndTime != nil })
	requireFault(t, s.tryReload("plain", "plain"), "InvalidParameterValueException", "twice")
	requireFault(t, s.tryReload("absent"), "ResourceNotFoundFault", "dms_test.absent")
	requireFault(t, s.tryReload(slices.Repeat([]string{"plain"}, 11)...), "InvalidParameterValueException", "11 tables")
}

func TestATableMadeLaterIsFollowedWhenAPatternTakesItIn(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("CREATE TABLE dms_test.later (id INT PRIMARY KEY); INSERT INTO dms_test.later VALUES (1), (2)")
	s.until(func() bool { return s.counted("later").Inserts == 2 })
	require.Len(t, s.of("later", "create-table"), 1)
	require.EqualValues(t, 1, s.counted("later").Ddls)
}

func TestExcludedTablesRemovedColumnsAndFilteredRowsNeverLeaveTheSource(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.exec(`CREATE TABLE dms_test.cards (id INT PRIMARY KEY, pin VARCHAR(4), region VARCHAR(2), amount INT);
		CREATE TABLE dms_test.tmp_cards LIKE dms_test.cards;
		INSERT INTO dms_test.cards VALUES (1, '1111', 'eu', 5), (2, '2222', 'us', 5), (3, '3333', 'eu', 500); INSERT INTO dms_test.tmp_cards VALUES (1, '1111', 'eu', 5)`)
	require.NoError(t, s.modify([]string{"tmp%"},
		selection("exclude", "dms[_]test", "tmp[_]cards"),
		`{"rule-type":"selection","rule-id":"9","rule-name":"9","rule-action":"include","object-locator":{"schema-name":"dms_test","table-name":"cards"},"filters":[
			{"filter-type":"source","column-name":"region","filter-conditions":[{"filter-operator":"eq","value":"eu"}]},
			{"filter-type":"source","column-name":"amount","filter-conditions":[{"filter-operator":"lte","value":"10"},{"filter-operator":"eq","value":"77"}]}]}`,
		`{"rule-type":"transformation","rule-id":"10","rule-name":"10","rule-target":"column","rule-action":"remove-column","object-locator":{"schema-name":"dms[_]test","table-name":"cards","column-name":"pin"}}`))
	s.wait("ready")
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	s.exec("INSERT INTO dms_test.cards VALUES (4, '4444', 'eu', 77), (5, '5555', 'us', 77); UPDATE dms_test.cards SET pin = '0000' WHERE id IN (1, 2); DELETE FROM dms_test.cards WHERE id IN (2, 4); INSERT INTO dms_test.tmp_cards VALUES (2, '', '', 0)")
	s.until(func() bool { return s.counted("cards").Deletes == 1 })
	require.Len(t, s.of("cards", "load"), 1)
	require.Len(t, s.of("cards", "insert"), 1)
	require.Len(t, s.of("cards", "update"), 1)
	require.Len(t, s.of("cards", "delete"), 1)
	for _, r := range s.records() {
		require.NotContains(t, r.raw, "pin")
		require.NotContains(t, r.raw, "tmp_cards")
	}
	s.exec("UPDATE dms_test.cards SET amount = 11 WHERE id = 1")
	for s.described().LastFailureMessage == nil {
		time.Sleep(20 * time.Millisecond)
	}
	require.Contains(t, *s.described().LastFailureMessage, "moves a row across its filter")
}
