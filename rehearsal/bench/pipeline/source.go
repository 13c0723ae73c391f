package pipeline

import (
	"bytes"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/dms"
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const (
	replicator = "replicator"
	// saysVersion is the version that the database reports. Debezium's MySQL connector sends SHOW BINARY LOG
	// STATUS to a server of version 8.4 or newer and does not start without an answer. MariaDB 11.4 has a greater
	// version number, but its statement is SHOW BINLOG STATUS.
	saysVersion = "8.0.40-MariaDB-log"
	// perTransaction is the number of rows in a transaction.
	perTransaction = 100
)

// source is a database with the stand-in of DMS. The stand-in reads the database's log into a stream that discards
// all records.
type source struct {
	*bench
	database *stores.MariaDB
	password string
	service  *dms.Service
	client   *api.Client
	declared declared
	server   *httptest.Server
	task     string // the present task's ARN
	from     string // the position at which it begins
	// took receives each record that the stand-in has made.
	took atomic.Pointer[func(record []byte)]
}

// declared has the ARNs that a task needs.
type declared struct{ source, target, role string }

func (b *bench) source(ctx context.Context) (s *source, err error) {
	s = &source{bench: b, password: rand.Text()}
	if s.database, err = b.site.StartMariaDB(ctx, stores.MariaDBOptions{Args: []string{"--version=" + saysVersion}}); err != nil {
		return nil, fmt.Errorf("starting the database: %w", err)
	}
	statements := []string{
		"CREATE DATABASE " + orders.Database + " CHARACTER SET utf8mb4", definition(orders), definition(live), "CREATE TABLE " + marks.String() + " (id BIGINT AUTO_INCREMENT PRIMARY KEY)",
		"CREATE USER '" + replicator + "'@'%' IDENTIFIED BY '" + s.password + "'", "GRANT SELECT, RELOAD, SHOW DATABASES, REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO '" + replicator + "'@'%'",
	}
	for _, statement := range statements {
		if err := s.exec(ctx, statement); err != nil {
			return s, err
		}
	}
	return s, s.attach(ctx)
}

func (s *source) stop() {
	if s.service != nil {
		s.service.Close()
		s.server.Close()
	}
	s.database.Stop()
}

func (s *source) exec(ctx context.Context, statement string) error {
	if _, err := s.database.Root().ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("running %.60q: %w", statement, err)
	}
	return nil
}

// commit inserts rows into orders, in transactions.
func (s *source) commit(ctx context.Context, rows int) error {
	for first := 1; first <= rows; first += perTransaction {
		if err := s.exec(ctx, s.insert(orders, first, min(first+perTransaction, rows+1))); err != nil {
			return err
		}
	}
	return nil
}

// place returns the end of the database's log.
func (s *source) place(ctx context.Context) (string, error) {
	var file, rest string
	var at int64
	if err := s.database.Root().QueryRowContext(ctx, "SHOW MASTER STATUS").Scan(&file, &at, &rest, &rest); err != nil {
		return "", fmt.Errorf("asking where the log ends: %w", err)
	}
	return fmt.Sprintf("%s:%d", file, at), nil
}

// attach makes the endpoints of tasks, as the program does.
func (s *source) attach(ctx context.Context) error {
	moto, err := url.Parse(s.aws.URL)
	if err != nil {
		return fmt.Errorf("parsing the address of the stand-in of AWS: %w", err)
	}
	proxy := controlplane.New(moto, slog.New(slog.DiscardHandler))
	proxy.Before(controlplane.Action{Service: "kinesis", Name: "PutRecords"}, swallow)
	proxy.After(controlplane.Action{Service: "dms", Name: "DescribeReplicationTasks"}, s.placed)
	s.server = httptest.NewServer(proxy)
	acc := account.New(s.server.URL)
	s.service, s.client = dms.New(acc, slog.New(slog.DiscardHandler)), api.NewFromConfig(acc.Config())
	s.service.Attach(proxy)
	s.service.AcceptUntested(true)
	s.service.OnCaptured(func(records [][]byte) {
		if took := s.took.Load(); took != nil {
			for _, one := range records {
				if bytes.Contains(one, []byte(`"record-type":"data"`)) {
					(*took)(one)
				}
			}
		}
	})
	role, err := iam.NewFromConfig(acc.Config()).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bench-dms"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
	if err != nil {
		return fmt.Errorf("making the role of DMS: %w", err)
	}
	s.declared.role = *role.Role.Arn
	secret, err := secretsmanager.NewFromConfig(acc.Config()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String("bench-dms"), SecretString: aws.String(fmt.Sprintf(`{"username":%q,"password":%q,"host":%q,"port":%d}`, replicator, s.password, s.database.Host, s.database.Port)),
	})
	if err != nil {
		return fmt.Errorf("making the secret of DMS: %w", err)
	}
	certificate, err := s.client.ImportCertificate(ctx, &api.ImportCertificateInput{CertificateIdentifier: aws.String("bench"), CertificatePem: aws.String(string(s.site.Authority.PEM()))})
	if err != nil {
		return fmt.Errorf("importing the authority into DMS: %w", err)
	}
	from, err := s.client.CreateEndpoint(ctx, &api.CreateEndpointInput{
		EndpointIdentifier: aws.String("from"), EndpointType: types.ReplicationEndpointTypeValueSource, EngineName: aws.String("mysql"), SslMode: types.DmsSslModeValueVerifyCa,
		CertificateArn: certificate.Certificate.CertificateArn, MySQLSettings: &types.MySQLSettings{SecretsManagerSecretId: secret.ARN, SecretsManagerAccessRoleArn: &s.declared.role},
	})
	if err != nil {
		return fmt.Errorf("making the source endpoint: %w", err)
	}
	to, err := s.client.CreateEndpoint(ctx, &api.CreateEndpointInput{
		EndpointIdentifier: aws.String("to"), EndpointType: types.ReplicationEndpointTypeValueTarget, EngineName: aws.String("kinesis"),
		KinesisSettings: &types.KinesisSettings{
			StreamArn: aws.String("arn:aws:kinesis:" + account.Region + ":" + account.ID + ":stream/bench"), ServiceAccessRoleArn: &s.declared.role, MessageFormat: types.MessageFormatValueJsonUnformatted,
			IncludeTransactionDetails: aws.Bool(true), IncludePartitionValue: aws.Bool(true), PartitionIncludeSchemaTable: aws.Bool(true), IncludeControlDetails: aws.Bool(true),
			IncludeTableAlterOperations: aws.Bool(true), UseLargeIntegerValue: aws.Bool(true),
		},
	})
	if err != nil {
		return fmt.Errorf("making the target endpoint: %w", err)
	}
	s.declared.source, s.declared.target = *from.Endpoint.EndpointArn, *to.Endpoint.EndpointArn
	return nil
}

// swallow is a stream that discards all records.
func swallow(_ context.Context, c *controlplane.Call) (bool, error) {
	var request struct {
		Records []struct{ PartitionKey string }
	}
	if err := c.Decode(&request); err != nil {
		return true, err //nolint:wrapcheck // an answer
	}
	answers := make([]map[string]string, len(request.Records))
	for i := range answers {
		answers[i] = map[string]string{"ShardId": "shardId-000000000000", "SequenceNumber": "1"}
	}
	return true, c.Answer(http.StatusOK, map[string]any{"FailedRecordCount": 0, "Records": answers}) //nolint:wrapcheck // an answer
}

// placed returns where the present task begins, because moto forgets it.
func (s *source) placed(_ context.Context, c *controlplane.Call) error {
	var answer struct{ ReplicationTasks []map[string]any }
	if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
		return fmt.Errorf("reading the description of tasks: %w", err)
	}
	for _, task := range answer.ReplicationTasks {
		task["CdcStartPosition"] = s.from
	}
	return c.Answer(c.Status, answer) //nolint:wrapcheck // an answer
}

// follow lets a task read a table's changes from a position in the log. The returned function stops it.
func (s *source) follow(ctx context.Context, n table.Name, from string, took func(record []byte)) (end func(), err error) {
	s.from = from
	task, err := s.client.CreateReplicationTask(ctx, &api.CreateReplicationTaskInput{
		ReplicationTaskIdentifier: aws.String("bench-" + rand.Text()), ReplicationInstanceArn: aws.String("instance"), MigrationType: types.MigrationTypeValueCdc,
		SourceEndpointArn: &s.declared.source, TargetEndpointArn: &s.declared.target,
		TableMappings: aws.String(fmt.Sprintf(`{"rules":[{"rule-type":"selection","rule-id":"1","rule-name":"1","object-locator":{"schema-name":%[1]q,"table-name":%[2]q},"rule-action":"include"},
			{"rule-type":"object-mapping","rule-id":"2","rule-name":"2","rule-action":"map-record-to-record","object-locator":{"schema-name":%[1]q,"table-name":%[2]q},"mapping-parameters":{"partition-key-type":"primary-key"}}]}`, n.Database, n.Table)),
		ReplicationTaskSettings: aws.String(`{"BeforeImageSettings":{"EnableBeforeImage":true,"FieldName":"before-image","ColumnFilter":"pk-only"}}`),
	})
	if err != nil {
		return nil, fmt.Errorf("making a task: %w", err)
	}
	s.took.Store(&took)
	s.task = *task.ReplicationTask.ReplicationTaskArn
	if err := s.service.Start(s.task, dms.StartReplication); err != nil {
		return nil, fmt.Errorf("starting a task: %w", err)
	}
	end = func() {
		s.took.Store(nil)
		s.service.Stop(s.task)
	}
	for limit := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		state, _ := s.service.Task(s.task)
		err := s.failed()
		if err == nil && state.Status == dms.StatusRunning {
			return end, nil
		}
		if err == nil && time.Now().After(limit) {
			err = fmt.Errorf("after a minute the stand-in of DMS is %s", state.Status)
		}
		if err != nil {
			end()
			return nil, err
		}
	}
}

// read reads all rows of orders again, and returns the stand-in's cost per row after the warm-up. If keep is set,
// it receives the records.
func (s *source) read(ctx context.Context, from string, rows, warming int, keep func(record []byte)) (Cost, error) {
	seen, done := 0, make(chan struct{})
	var before, after spent
	end, err := s.follow(ctx, orders, from, func(record []byte) {
		keep(record)
		switch seen++; seen {
		case warming:
			before = spent{at: time.Now(), me: processor()}
		case warming + rows:
			after = spent{at: time.Now(), me: processor()}
			close(done)
		}
	})
	if err != nil {
		return Cost{}, err
	}
	defer end()
	limit := time.After(patience)
	for {
		select {
		case <-done:
			return after.since(before, rows), nil
		case <-ctx.Done():
			return Cost{}, fmt.Errorf("reading the log: %w", context.Cause(ctx))
		case <-limit:
			return Cost{}, fmt.Errorf("after %s the stand-in of DMS has not read %d rows", patience, warming+rows)
		case <-time.After(time.Second):
			if err := s.failed(); err != nil {
				return Cost{}, err
			}
		}
	}
}

// failed returns the error of the task.
func (s *source) failed() error {
	state, _ := s.service.Task(s.task)
	if state.Failure == "" {
		return nil
	}
	return fmt.Errorf("the stand-in of DMS is %s: %s", state.Status, state.Failure)
}
