package stages

import (
	"cdcpipeline/rehearsal/standins/account/ec2"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// somebodyElses makes the resources that the stack adopts, and the configuration with their names.
func somebodyElses(ctx context.Context, r *Run) (map[string]string, error) {
	values := map[string]string{
		"cdc-pipeline:source.bootstrap":          "check",
		"cdc-pipeline:source.tables[0].database": strings.Split(adoptedTable, ".")[0],
		"cdc-pipeline:source.tables[0].table":    strings.Split(adoptedTable, ".")[1],
		"cdc-pipeline:source.existing.host":      r.World.Database.Host,
		"cdc-pipeline:source.existing.port":      strconv.Itoa(r.World.Database.Port),
	}
	for _, step := range []struct {
		what string
		make func(context.Context, *Run, map[string]string) error
	}{
		{"a network", foreignNetwork},
		{"a key", foreignKey},
		{"a log bucket", foreignBucket},
		{"a database with users and rows", foreignDatabase},
	} {
		if err := step.make(ctx, r, values); err != nil {
			return nil, fmt.Errorf("making %s for the stack to adopt: %w", step.what, err)
		}
	}
	return values, nil
}

func foreignNetwork(ctx context.Context, r *Run, values map[string]string) error {
	client := ec2.NewFromConfig(r.World.Account.Config())
	var made struct {
		VPC    string `xml:"vpc>vpcId"`
		Subnet string `xml:"subnet>subnetId"`
		Group  string `xml:"groupId"`
	}
	if err := client.Call(ctx, "CreateVpc", url.Values{"CidrBlock": {"10.9.0.0/16"}}, &made); err != nil {
		return err
	}
	for _, attribute := range []string{"EnableDnsSupport", "EnableDnsHostnames"} {
		if err := client.Call(ctx, "ModifyVpcAttribute", url.Values{"VpcId": {made.VPC}, attribute + ".Value": {"true"}}, nil); err != nil {
			return err
		}
	}
	values["cdc-pipeline:network.vpcId"] = made.VPC
	for i, zone := range []string{"us-east-1a", "us-east-1b"} {
		subnet := url.Values{"VpcId": {made.VPC}, "CidrBlock": {fmt.Sprintf("10.9.%d.0/24", i)}, "AvailabilityZone": {zone}}
		if err := client.Call(ctx, "CreateSubnet", subnet, &made); err != nil {
			return err
		}
		values[fmt.Sprintf("cdc-pipeline:network.privateSubnetIds[%d]", i)] = made.Subnet
	}
	group := url.Values{"VpcId": {made.VPC}, "GroupName": {"legacy-database"}, "GroupDescription": {"somebody else's database"}}
	if err := client.Call(ctx, "CreateSecurityGroup", group, &made); err != nil {
		return err
	}
	values["cdc-pipeline:source.existing.securityGroupId"] = made.Group
	return nil
}

//nolint:wrapcheck // somebodyElses names what was being made
func foreignKey(ctx context.Context, r *Run, values map[string]string) error {
	key, err := kms.NewFromConfig(r.World.Account.Config()).CreateKey(ctx, &kms.CreateKeyInput{
		Description: aws.String("somebody else's"), KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt, // AWS's default differs from moto's
	})
	if err != nil {
		return err
	}
	values["cdc-pipeline:encryption.kmsKeyArn"] = aws.ToString(key.KeyMetadata.Arn)
	return nil
}

//nolint:wrapcheck // as above
func foreignBucket(ctx context.Context, r *Run, values map[string]string) error {
	const name = "somebody-elses-logs"
	values["cdc-pipeline:lake.logBucket"] = name
	client := s3.NewFromConfig(r.World.Account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		return err
	}
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::` + name + `/*"}]}`
	_, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(name), Policy: aws.String(policy)})
	return err
}

// foreignDatabase already has its table, its administrator and a replication user.
func foreignDatabase(ctx context.Context, r *Run, values map[string]string) error {
	const administrator, reader = "legacy_admin", "legacy_cdc"
	administratorsPassword, readersPassword := rand.Text(), rand.Text()
	if err := r.World.Database.ApplyMaster(ctx, administrator, administratorsPassword); err != nil {
		return fmt.Errorf("making its administrator: %w", err)
	}
	if err := execute(ctx, r.World.Database.Root(),
		"CREATE DATABASE legacy",
		`CREATE TABLE `+adoptedTable+` (
			trans_id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id VARCHAR(12) NOT NULL, event VARCHAR(10), sku VARCHAR(10) NOT NULL,
			amount INT DEFAULT 0, device VARCHAR(10), trans_datetime DATETIME DEFAULT CURRENT_TIMESTAMP)`,
		"CREATE USER "+reader+"@'%' IDENTIFIED BY '"+readersPassword+"'",
		"GRANT SELECT, REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO "+reader+"@'%'",
		"CALL mysql.rds_set_configuration('binlog retention hours', 48)",
	); err != nil {
		return err
	}
	for key, login := range map[string]map[string]any{
		"cdc-pipeline:source.existing.secretArn":   {"username": administrator, "password": administratorsPassword},
		"cdc-pipeline:source.replicationSecretArn": {"username": reader, "password": readersPassword, "host": r.World.Database.Host, "port": r.World.Database.Port},
	} {
		text, err := json.Marshal(login)
		if err != nil {
			return fmt.Errorf("writing a login: %w", err)
		}
		secret, err := secretsmanager.NewFromConfig(r.World.Account.Config()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: aws.String("legacy/" + key[strings.LastIndex(key, ".")+1:]), SecretString: aws.String(string(text)),
		})
		if err != nil {
			return fmt.Errorf("keeping a login: %w", err)
		}
		values[key] = aws.ToString(secret.ARN)
	}
	return nil
}

// execute runs statements one after the other in one connection.
func execute(ctx context.Context, db *sql.DB, statements ...string) error {
	session, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer session.Close()
	for _, s := range statements {
		if _, err := session.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.60s: %w", s, err)
		}
	}
	return nil
}
