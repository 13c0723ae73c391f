package dms

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/stretchr/testify/require"
)

// scene is a real control plane with a stream, and a real database with a replication user: see newScene.
type scene struct {
	t       *testing.T
	service *Service
	client  *api.Client
	kinesis *kinesis.Client
	db      *sql.DB
	stream  string
	task    string
	source  string // ARNs of the endpoints
	target  string
}

const everyType = `CREATE TABLE dms_test.kinds (
	a INT NOT NULL, b BIGINT UNSIGNED NOT NULL, t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT, mu MEDIUMINT UNSIGNED, u INT UNSIGNED, big BIGINT,
	d DECIMAL(30,6), f FLOAT, g DOUBLE, y YEAR, da DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, ti TIME, ti3 TIME(3), b1 BIT(1), b12 BIT(12),
	c CHAR(5), v VARCHAR(50), l1 VARCHAR(20) CHARACTER SET latin1, tx TEXT, lt LONGTEXT, j JSON, bi BINARY(4), vb VARBINARY(8), bl BLOB,
	e ENUM('x','it''s','z'), se SET('p','q','r'), PRIMARY KEY (a, b))`

const everyValue = `(%d, 18446744073709551615, -128, 255, -32768, -8388608, 16777215, 4294967295, -9223372036854775808,
	-123456789012345678901234.500000, 3.14, 2.718281828459045, 2026, '2026-11-23', '2026-11-23 09:40:00', '2026-11-23 09:40:00.123456', '2026-11-23 09:40:00', '-101:02:03',
	'01:02:03.500', b'1', b'101010101010', 'ab', 'grüße 日本 🎉 "q" <b>\\', 'café', 'text\nline', 'long', '{"k": [1, "v"]}', x'01020000', x'00FF', x'DEADBEEF', 'it''s', 'p,r')`

func newScene(t *testing.T, migration types.MigrationTypeValue) *scene {
	t.Helper()
	database := storestest.MariaDB(t)
	s, acc := newStage(t)
	s.db = database.Open(t)
	s.exec(`DROP DATABASE IF EXISTS dms_test; CREATE DATABASE dms_test CHARACTER SET utf8mb4; ` + everyType + `;
		CREATE TABLE dms_test.plain (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40), amount INT);
		CREATE OR REPLACE USER 'replicator'@'%' IDENTIFIED BY 'secret'; GRANT SELECT, REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO 'replicator'@'%'`)
	s.declare(acc, declaration{
		host: database.Host, port: database.Port, authority: database.Authority, migration: migration, images: "pk-only",
		source: func(in *api.CreateEndpointInput, secret, role *string) {
			in.EngineName, in.ExtraConnectionAttributes = aws.String("mysql"), aws.String("EventsPollInterval=1;")
			in.MySQLSettings = &types.MySQLSettings{SecretsManagerSecretId: secret, SecretsManagerAccessRoleArn: role}
		},
	})
	return s
}

// newStage is a scene without a database.
func newStage(t *testing.T) (*scene, account.Account) {
	t.Helper()
	target, err := url.Parse(storestest.Moto(t))
	require.NoError(t, err)
	proxy := controlplane.New(target, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	acc := account.New(server.URL)
	s := &scene{t: t, service: New(acc, slog.New(slog.NewTextHandler(t.Output(), nil))), client: api.NewFromConfig(acc.Config()), kinesis: kinesis.NewFromConfig(acc.Config())}
	s.service.Attach(proxy)
	s.service.AcceptUntested(true) // most tests do not concern connections
	t.Cleanup(s.service.Close)
	return s, acc
}

// declaration is how scenes differ.
type declaration struct {
	host      string
	port      int
	authority *stores.Authority
	migration types.MigrationTypeValue
	images    string // ColumnFilter of the before-images
	nulls     bool   // IncludeNullAndEmpty
	source    func(in *api.CreateEndpointInput, secret, role *string)
}

func (s *scene) declare(acc account.Account, d declaration) {
	ctx, t := s.t.Context(), s.t
	suffix := fmt.Sprint(time.Now().UnixNano())
	role, err := iam.NewFromConfig(acc.Config()).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("dms" + suffix), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
	require.NoError(t, err)
	s.stream = "stream" + suffix
	_, err = s.kinesis.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &s.stream, ShardCount: aws.Int32(4)})
	require.NoError(t, err)
	stream, err := s.kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &s.stream})
	require.NoError(t, err)
	secret, err := secretsmanager.NewFromConfig(acc.Config()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String("dms" + suffix), SecretString: aws.String(fmt.Sprintf(`{"username":"replicator","password":"secret","host":%q,"port":%d}`, d.host, d.port)),
	})
	require.NoError(t, err)
	certificate, err := s.client.ImportCertificate(ctx, &api.ImportCertificateInput{CertificateIdentifier: aws.String("ca" + suffix), CertificatePem: aws.String(string(d.authority.PEM()))})
	require.NoError(t, err)
	in := &api.CreateEndpointInput{
		EndpointIdentifier: aws.String("from" + suffix), EndpointType: types.ReplicationEndpointTypeValueSource,
		SslMode: types.DmsSslModeValueVerifyCa, CertificateArn: certificate.Certificate.CertificateArn,
	}
	d.source(in, secret.ARN, role.Role.Arn)
	from, err := s.client.CreateEndpoint(ctx, in)
	require.NoError(t, err)
	to, err := s.client.CreateEndpoint(ctx, &api.CreateEndpointInput{
		EndpointIdentifier: aws.String("to" + suffix), EndpointType: types.ReplicationEndpointTypeValueTarget, EngineName: aws.String("kinesis"),
		KinesisSettings: &types.KinesisSettings{
			StreamArn: stream.StreamDescriptionSummary.StreamARN, ServiceAccessRoleArn: role.Role.Arn, MessageFormat: types.MessageFormatValueJsonUnformatted,
			IncludeTransactionDetails: aws.Bool(true), IncludePartitionValue: aws.Bool(true), PartitionIncludeSchemaTable: aws.Bool(true),
			IncludeControlDetails: aws.Bool(true), IncludeTableAlterOperations: aws.Bool(true), UseLargeIntegerValue: aws.Bool(true),
			IncludeNullAndEmpty: aws.Bool(d.nulls),
		},
	})
	require.NoError(t, err)
	made, err := s.client.CreateReplicationTask(ctx, &api.CreateReplicationTaskInput{
		ReplicationTaskIdentifier: aws.String("task" + suffix), ReplicationInstanceArn: aws.String("instance"), MigrationType: d.migration,
		SourceEndpointArn: from.Endpoint.EndpointArn, TargetEndpointArn: to.Endpoint.EndpointArn,
		TableMappings: aws.String(`{"rules":[{"rule-type":"selection","rule-id":"1","rule-name":"1","object-locator":{"schema-name":"dms[_]test","table-name":"%"},"rule-action":"include"},
			{"rule-type":"object-mapping","rule-id":"2","rule-name":"2","rule-action":"map-record-to-record","object-locator":{"schema-name":"dms[_]test","table-name":"%"},"mapping-parameters":{"partition-key-type":"primary-key"}}]}`),
		ReplicationTaskSettings: aws.String(`{"BeforeImageSettings":{"EnableBeforeImage":true,"FieldName":"before-image","ColumnFilter":"` + d.images + `"},"ErrorBehavior":{"DataTruncationErrorPolicy":"STOP_TASK","RecoverableErrorInterval":1}}`),
	})
	require.NoError(t, err)
	s.task, s.source, s.target = *made.ReplicationTask.ReplicationTaskArn, *from.Endpoint.EndpointArn, *to.Endpoint.EndpointArn
}

func (s *scene) exec(text string) {
	s.t.Helper()
	_, err := s.db.ExecContext(s.t.Context(), text)
	require.NoError(s.t, err)
}

func (s *scene) start(how types.StartReplicationTaskTypeValue) {
	s.t.Helper()
	_, err := s.client.StartReplicationTask(s.t.Context(), &api.StartReplicationTaskInput{ReplicationTaskArn: &s.task, StartReplicationTaskType: how})
	require.NoError(s.t, err)
}

func (s *scene) described() types.ReplicationTask {
	s.t.Helper()
	out, err := s.client.DescribeReplicationTasks(s.t.Context(), &api.DescribeReplicationTasksInput{Filters: filter("replication-task-arn", s.task)})
	require.NoError(s.t, err)
	return out.ReplicationTasks[0]
}

// hold pauses all timed operations until goOn is called, because checks are slow on a busy machine.
func (s *scene) hold() (goOn func()) {
	released := make(chan time.Time)
	s.service.after = func(time.Duration) <-chan time.Time { return released }
	return func() {
		s.service.after = time.After
		close(released)
	}
}

// until waits for a condition that a task fulfils; a failed task ends the wait.
func (s *scene) until(done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		state, _ := s.service.Task(s.task)
		require.True(s.t, time.Now().Before(end) && state.Failure == "", "%+v", state)
	}
}

func (s *scene) wait(status string) types.ReplicationTask {
	s.t.Helper()
	var last types.ReplicationTask
	s.until(func() bool { last = s.described(); return aws.ToString(last.Status) == status })
	return last
}

// caughtUp waits until everything now in the source's binlog is in the stream.
func (s *scene) caughtUp() {
	s.t.Helper()
	conn, err := s.db.Conn(s.t.Context())
	require.NoError(s.t, err)
	defer conn.Close()
	end, err := (&mysqlReader{run: &run{task: &declared{cdc: true}}}).now(s.t.Context(), conn)
	require.NoError(s.t, err)
	s.until(func() bool {
		at, ok := s.service.task(s.task).from().(mysql.Position)
		return ok && at.Compare(end) >= 0
	})
}

// failure waits until the task fails, and returns its message.
func (s *scene) failure() string {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if failed := s.described(); failed.LastFailureMessage != nil {
			require.Equal(s.t, "failed", *failed.Status)
			return *failed.LastFailureMessage
		}
	}
	require.Fail(s.t, "the task goes on")
	return ""
}

func (s *scene) counted(table string) types.TableStatistics {
	s.t.Helper()
	out, err := s.client.DescribeTableStatistics(s.t.Context(), &api.DescribeTableStatisticsInput{ReplicationTaskArn: &s.task})
	require.NoError(s.t, err)
	for _, one := range out.TableStatistics {
		if *one.TableName == table {
			return one
		}
	}
	return types.TableStatistics{}
}

type published struct {
	Data     map[string]json.RawMessage
	Before   map[string]json.RawMessage `json:"before-image"`
	Control  json.RawMessage
	Metadata map[string]any
	key      string
	raw      string
	id       string // unique in the stream
}

func (s *scene) records() []published {
	s.t.Helper()
	all, err := s.read(s.t.Context())
	require.NoError(s.t, err)
	return all
}

// read returns every record of the stream, shard by shard, so new records appear between earlier ones.
func (s *scene) read(ctx context.Context) ([]published, error) {
	shards, err := s.kinesis.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &s.stream})
	if err != nil {
		return nil, fmt.Errorf("listing shards: %w", err)
	}
	var all []published
	for _, shard := range shards.Shards {
		it, err := s.kinesis.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &s.stream, ShardId: shard.ShardId, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon})
		if err != nil {
			return nil, fmt.Errorf("shard %s: %w", *shard.ShardId, err)
		}
		for next := it.ShardIterator; ; {
			out, err := s.kinesis.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				return nil, fmt.Errorf("shard %s: %w", *shard.ShardId, err)
			}
			if len(out.Records) == 0 {
				break
			}
			for _, r := range out.Records {
				one := published{key: *r.PartitionKey, raw: string(r.Data), id: *shard.ShardId + " " + *r.SequenceNumber}
				if err := json.Unmarshal(r.Data, &one); err != nil {
					return nil, fmt.Errorf("record %s: %w", r.Data, err)
				}
				all = append(all, one)
			}
			next = out.NextShardIterator
		}
	}
	return all, nil
}

func (s *scene) of(table, operation string) []published {
	s.t.Helper()
	var out []published
	for _, r := range s.records() {
		if r.Metadata["table-name"] == table && r.Metadata["operation"] == operation {
			out = append(out, r)
		}
	}
	return out
}
