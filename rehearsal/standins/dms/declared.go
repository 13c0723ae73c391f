package dms

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// declared is a task in the control plane.
type declared struct {
	arn, id   string
	load, cdc bool
	startAt   string // CdcStartPosition
	mappings  tableMappings
	settings  settings
	source    sourceEndpoint
	target    targetEndpoint
}

type sourceEndpoint struct {
	secret, role string
	ssl          types.DmsSslModeValue
	ca           []byte
	// skipPartitionDdl lets the task continue after a change of a table's partitions.
	skipPartitionDdl bool
	// postgres holds a PostgreSQL source's extra settings; nil for others.
	postgres *postgresEndpoint
}

type targetEndpoint struct {
	stream, role                                string
	unformatted                                 bool
	transactionDetails, controlDetails          bool
	partitionValue, partitionIncludeSchemaTable bool
	tableAlterOperations, nullAndEmpty          bool
	largeIntegers                               bool
}

// readTask reads a task, its endpoints and its certificate; all problems are returned together.
func readTask(ctx context.Context, client *api.Client, arn string) (*declared, error) {
	if isServerless(arn) {
		return readServerless(ctx, client, arn)
	}
	out, err := client.DescribeReplicationTasks(ctx, &api.DescribeReplicationTasksInput{Filters: filter("replication-task-arn", arn)})
	if err != nil {
		return nil, fmt.Errorf("reading the task: %w", err)
	}
	if len(out.ReplicationTasks) != 1 {
		return nil, fmt.Errorf("reading the task: %d tasks are named %s", len(out.ReplicationTasks), arn)
	}
	task := out.ReplicationTasks[0]
	d := &declared{arn: arn, id: aws.ToString(task.ReplicationTaskIdentifier), startAt: aws.ToString(task.CdcStartPosition)}
	return d, d.read(ctx, client, task.MigrationType, task.TableMappings, task.ReplicationTaskSettings, task.SourceEndpointArn, task.TargetEndpointArn)
}

func (d *declared) read(ctx context.Context, client *api.Client, migration types.MigrationTypeValue, mappings, settings, source, target *string) error {
	var problems [5]error
	d.load, d.cdc, problems[0] = phases(migration)
	d.mappings, problems[1] = parseMappings(aws.ToString(mappings))
	d.settings, problems[2] = parseSettings(aws.ToString(settings))
	d.source, problems[3] = readSource(ctx, client, aws.ToString(source))
	d.target, problems[4] = readTarget(ctx, client, aws.ToString(target))
	return errors.Join(problems[:]...)
}

func phases(t types.MigrationTypeValue) (load, cdc bool, err error) {
	switch t {
	case types.MigrationTypeValueFullLoad:
		return true, false, nil
	case types.MigrationTypeValueCdc:
		return false, true, nil
	case types.MigrationTypeValueFullLoadAndCdc:
		return true, true, nil
	}
	return false, false, fmt.Errorf("migration type %q is unknown", t)
}

func readEndpoint(ctx context.Context, client *api.Client, arn string) (*types.Endpoint, error) {
	out, err := client.DescribeEndpoints(ctx, &api.DescribeEndpointsInput{Filters: filter("endpoint-arn", arn)})
	if err != nil {
		return nil, fmt.Errorf("reading the endpoint %s: %w", arn, err)
	}
	if len(out.Endpoints) != 1 {
		return nil, fmt.Errorf("reading the endpoint: %d endpoints are named %s", len(out.Endpoints), arn)
	}
	return &out.Endpoints[0], nil
}

// engineSource reads the engine-specific settings: the location of the credentials, and options.
func engineSource(e *types.Endpoint) (sourceEndpoint, error) {
	var s sourceEndpoint
	switch engine := aws.ToString(e.EngineName); engine {
	case "mysql", "mariadb", "aurora":
		e.PostgreSQLSettings = nil
		if m := e.MySQLSettings; m != nil {
			s.secret, s.role = aws.ToString(m.SecretsManagerSecretId), aws.ToString(m.SecretsManagerAccessRoleArn)
		}
	case "postgres", "aurora-postgresql":
		if p := e.PostgreSQLSettings; p != nil {
			s.secret, s.role = aws.ToString(p.SecretsManagerSecretId), aws.ToString(p.SecretsManagerAccessRoleArn)
		}
	default:
		return s, fmt.Errorf("source endpoint: engine %q is not implemented", engine)
	}
	if s.secret == "" {
		return s, errors.New("source endpoint: only credentials in Secrets Manager are implemented")
	}
	if e.PostgreSQLSettings == nil {
		return s, s.readAttributes(aws.ToString(e.ExtraConnectionAttributes))
	}
	var err error
	s.postgres, err = readPostgres(e)
	return s, err
}

// checkSSL checks the engine's SSL modes: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html.
func (s *sourceEndpoint) checkSSL() error {
	switch {
	case s.ssl == types.DmsSslModeValueVerifyCa, s.ssl == types.DmsSslModeValueVerifyFull:
	case s.postgres != nil && s.ssl == types.DmsSslModeValueRequire:
	case s.postgres != nil:
		return fmt.Errorf("source endpoint: SSL mode %q is not one of a PostgreSQL source (none, require, verify-ca, verify-full)", s.ssl)
	default:
		return fmt.Errorf("source endpoint: SSL mode %q is not one of a MySQL source (none, verify-ca, verify-full)", s.ssl)
	}
	return nil
}

func readSource(ctx context.Context, client *api.Client, arn string) (sourceEndpoint, error) {
	e, err := readEndpoint(ctx, client, arn)
	if err != nil {
		return sourceEndpoint{}, err
	}
	s, err := engineSource(e)
	if err != nil {
		return s, err
	}
	if s.ssl = e.SslMode; s.ssl == "" || s.ssl == types.DmsSslModeValueNone {
		return s, nil
	}
	if err := s.checkSSL(); err != nil || s.ssl == types.DmsSslModeValueRequire {
		return s, err
	}
	certificate := aws.ToString(e.CertificateArn)
	if certificate == "" {
		return s, fmt.Errorf("source endpoint: SSL mode %s needs a certificate", s.ssl)
	}
	out, err := client.DescribeCertificates(ctx, &api.DescribeCertificatesInput{Filters: filter("certificate-arn", certificate)})
	if err != nil {
		return s, fmt.Errorf("reading the certificate %s: %w", certificate, err)
	}
	if len(out.Certificates) != 1 {
		return s, fmt.Errorf("source endpoint: %d certificates are named %s", len(out.Certificates), certificate)
	}
	s.ca = []byte(aws.ToString(out.Certificates[0].CertificatePem))
	return s, nil
}

// readAttributes accepts EventsPollInterval, which is always satisfied by a reader that does not poll, and one more:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.ConnectionAttrib.
func (s *sourceEndpoint) readAttributes(text string) error {
	for attribute := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(attribute), "=")
		switch {
		case key == "", strings.EqualFold(key, "eventsPollInterval"):
		case strings.EqualFold(key, "skipTableSuspensionForPartitionDdl"):
			s.skipPartitionDdl = strings.EqualFold(value, "true")
		default:
			return fmt.Errorf("source endpoint: extra connection attribute %q is not implemented", key)
		}
	}
	return nil
}

func readTarget(ctx context.Context, client *api.Client, arn string) (targetEndpoint, error) {
	e, err := readEndpoint(ctx, client, arn)
	if err != nil {
		return targetEndpoint{}, err
	}
	k := e.KinesisSettings
	if engine := aws.ToString(e.EngineName); engine != "kinesis" || k == nil {
		return targetEndpoint{}, fmt.Errorf("target endpoint: engine %q is not implemented", engine)
	}
	t := targetEndpoint{
		stream: aws.ToString(k.StreamArn), role: aws.ToString(k.ServiceAccessRoleArn),
		transactionDetails: aws.ToBool(k.IncludeTransactionDetails), controlDetails: aws.ToBool(k.IncludeControlDetails),
		partitionValue: aws.ToBool(k.IncludePartitionValue), partitionIncludeSchemaTable: aws.ToBool(k.PartitionIncludeSchemaTable),
		tableAlterOperations: aws.ToBool(k.IncludeTableAlterOperations), nullAndEmpty: aws.ToBool(k.IncludeNullAndEmpty),
		largeIntegers: aws.ToBool(k.UseLargeIntegerValue),
	}
	switch k.MessageFormat {
	case "", types.MessageFormatValueJson:
	case types.MessageFormatValueJsonUnformatted:
		t.unformatted = true
	default:
		return t, fmt.Errorf("target endpoint: message format %q is unknown", k.MessageFormat)
	}
	if aws.ToBool(k.NoHexPrefix) {
		return t, errors.New("target endpoint: NoHexPrefix is not implemented")
	}
	if t.stream == "" || t.role == "" {
		return t, errors.New("target endpoint: StreamArn and ServiceAccessRoleArn must be set")
	}
	return t, nil
}

func filter(name, value string) []types.Filter {
	return []types.Filter{{Name: aws.String(name), Values: []string{value}}}
}
