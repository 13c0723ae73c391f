package replication

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"cdcpipeline/internal/naming"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SourceEndpoint is the database that is followed.
type SourceEndpoint struct {
	// EngineName as DMS calls it: aurora or mysql, aurora-postgresql or postgres.
	EngineName string `pulumi:"engineName"`
	// DatabaseName is the one database of PostgreSQL that is followed; empty for MySQL.
	DatabaseName string `pulumi:"databaseName,optional"`
	// SecretArn names the secret {"username","password","host","port"} of the replication user.
	SecretArn pulumi.StringInput `pulumi:"secretArn"`
}

// engine of the database. What DMS calls aurora is MySQL's.
func (s SourceEndpoint) engine() config.Engine {
	if s.EngineName == "postgres" || s.EngineName == "aurora-postgresql" {
		return config.EnginePostgreSQL
	}
	return config.EngineMySQL
}

// check says what is missing of the endpoint.
func (s SourceEndpoint) check() error {
	if s.engine() == config.EnginePostgreSQL && s.DatabaseName == "" {
		return errors.New("Source.DatabaseName: is missing: a task logs in to one database of PostgreSQL")
	}
	return nil
}

func (r *Replication) source(ctx *pulumi.Context, p *plan, before []pulumi.Resource) (*dms.Endpoint, error) {
	role, policy, err := r.sourceRole(ctx, p)
	if err != nil {
		return nil, err
	}
	certificate, err := r.certificate(ctx, p)
	if err != nil {
		return nil, err
	}
	args := &dms.EndpointArgs{
		EndpointId:                  pulumi.String(p.id + "-source"),
		EndpointType:                pulumi.String("source"),
		EngineName:                  pulumi.String(p.Source.EngineName),
		SecretsManagerArn:           p.Source.SecretArn.ToStringOutput().ToStringPtrOutput(),
		SecretsManagerAccessRoleArn: role.Arn,
		KmsKeyArn:                   p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		SslMode:                     pulumi.String("verify-ca"),
		CertificateArn:              certificate.CertificateArn,
		PauseReplicationTasks:       pulumi.Bool(true),
	}
	if p.Source.engine() == config.EnginePostgreSQL {
		args.DatabaseName, args.PostgresSettings = pulumi.String(p.Source.DatabaseName), postgresSettings()
	} else {
		args.ExtraConnectionAttributes = pulumi.String(mysqlAttributes)
	}
	endpoint, err := dms.NewEndpoint(ctx, p.name+"-source", args, p.endpointOptions(r, append(before, role, policy)...)...)
	if err != nil {
		return nil, fmt.Errorf("making the source endpoint: %w", err)
	}
	r.SourceEndpointArn = endpoint.EndpointArn
	return endpoint, nil
}

// mysqlAttributes say how often DMS looks for changes while the database is idle, in seconds: 5 by default, 1 at least,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.ConnectionAttrib. Spelled
// as DMS gives it back: for a MySQL endpoint the provider compares the text as it is.
//
// A statement on partitions would suspend its table, and every change of the table from then on would be lost. DMS
// goes on instead; `cdc status` says when a partition went, whose rows DMS sends no deletes for.
const mysqlAttributes = "EventsPollInterval=1;skipTableSuspensionForPartitionDdl=true;"

// heartbeatMinutes between two transactions of DMS's own, which move the slot of a database on in which nothing else happens.
const heartbeatMinutes = 5

// postgresSettings are, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.ConnectionAttrib:
//
//   - a heartbeat, in a schema that the replication user owns and nobody follows: off by default, in public;
//   - no capture of statements, which would need a superuser's trigger and a table in public that everybody may write: what follows
//     from that is for the bootstrap to say;
//   - the plugin that every PostgreSQL has: DMS would take pglogical where that is installed;
//   - booleans as booleans: they are text of up to five letters by default;
//   - a LOB that would be truncated ends the task, as the task's settings have it for other engines.
func postgresSettings() *dms.EndpointPostgresSettingsArgs {
	return &dms.EndpointPostgresSettingsArgs{
		CaptureDdls:              pulumi.Bool(false),
		FailTasksOnLobTruncation: pulumi.Bool(true),
		HeartbeatEnable:          pulumi.Bool(true),
		HeartbeatFrequency:       pulumi.Int(heartbeatMinutes),
		HeartbeatSchema:          pulumi.String(config.HeartbeatSchema),
		MapBooleanAsBoolean:      pulumi.Bool(true),
		PluginName:               pulumi.String("test-decoding"),
	}
}

// endpointOptions replace an endpoint by deleting it first, because its id is fixed. What can be changed in place is:
// DMS refuses that while a task runs, so the provider stops the endpoint's tasks (pauseReplicationTasks),
// https://github.com/hashicorp/terraform-provider-aws/issues/27661. It starts them again only when no other test of the
// endpoint is under way, and DMS begins one itself: whoever deploys starts the task. The provider does not know serverless
// tasks: a hook stops those.
//
// One after the other: the instance, which tests; the source; the target. Two that stop and start one task at the same
// time would meet it running when they change.
func (p *plan) endpointOptions(r *Replication, after ...pulumi.Resource) []pulumi.ResourceOption {
	return append(p.hooked(), pulumi.Parent(r), pulumi.DependsOn(after), pulumi.DeleteBeforeReplace(true))
}

// certificate imports the CA bundle. Its id changes with the text, so that a new bundle is there before the endpoint
// lets go of the old one.
func (r *Replication) certificate(ctx *pulumi.Context, p *plan) (*dms.Certificate, error) {
	pem := strings.TrimSpace(p.CaBundle) + "\n"
	certificate, err := dms.NewCertificate(ctx, p.name+"-ca", &dms.CertificateArgs{
		CertificateId:  pulumi.String(p.id + "-ca-" + naming.Digest(pem)),
		CertificatePem: pulumi.String(pem),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, fmt.Errorf("importing the database's CA bundle: %w", err)
	}
	return certificate, nil
}

// sourceRole lets DMS read one secret. It is assumed by the service's regional principal,
// https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html; aws:SourceAccount is documented for
// the roles of target endpoints only, so the trust of this one carries no condition.
func (r *Replication) sourceRole(ctx *pulumi.Context, p *plan) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, p.name+"-source", &iam.RoleArgs{
		Description:      pulumi.String("DMS reads the credentials of the replication user"),
		AssumeRolePolicy: iampolicy.Trust("dms." + p.region + "." + p.dnsSuffix),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, nil, fmt.Errorf("making the role of the source endpoint: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, p.name+"-source", &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: readSecret(p),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, nil, fmt.Errorf("making the policy of the source endpoint: %w", err)
	}
	return role, policy, nil
}

func readSecret(p *plan) pulumi.StringOutput {
	return iampolicy.Document(
		iampolicy.Statement{
			Sid:       "ReadSecret",
			Actions:   []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
			Resources: []pulumi.StringInput{p.Source.SecretArn},
		},
		iampolicy.Statement{
			Sid:       "DescribeKey",
			Actions:   []string{"kms:DescribeKey"},
			Resources: []pulumi.StringInput{p.KmsKeyArn},
		},
		// For that secret alone, which Secrets Manager names to KMS:
		// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html#security-encryption-encryption-context.
		iampolicy.Statement{
			Sid:        "DecryptSecret",
			Actions:    []string{"kms:Decrypt"},
			Resources:  []pulumi.StringInput{p.KmsKeyArn},
			Conditions: []iampolicy.Condition{iampolicy.StringEquals("kms:EncryptionContext:SecretARN", p.Source.SecretArn)},
		},
	)
}
