package main

import (
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// adoptedTable is somebody else's, with rows in it.
const adoptedTable = "legacy.retail_trans"

// rehearseAdopted deploys a stack that makes neither network, nor database, nor replication user, nor key, nor log
// bucket: all of them are somebody else's, carry rows, and are there as before when it is gone.
func (r *rehearsal) rehearseAdopted(ctx context.Context) error {
	stack, outputs := r.stack, r.outputs
	defer func() { r.stack, r.outputs = stack, outputs }()
	return r.check("adopted", r.adopted(ctx))
}

func (r *rehearsal) adopted(ctx context.Context) (err error) {
	values, err := r.somebodyElses(ctx)
	if err != nil {
		return err
	}
	if err := r.generate(ctx, "loaded-legacy", 200, "100/0/0", 11, []string{adoptedTable},
		"--host", r.world.Database.Host, "--port", strconv.Itoa(r.world.Database.Port), "--secret-arn", values["cdc-pipeline:source.existing.secretArn"]); err != nil {
		return err
	}
	before, err := inventory.List(ctx, r.world.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	if r.stack, err = r.newStack(ctx, "adopted", nil, values); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	again, err := r.stack.Up(ctx, r.pack, r.tell)
	if err != nil {
		return fmt.Errorf("second up: %w", err)
	}
	if n := again.Touched(); n > 0 {
		return fmt.Errorf("the second up changed %d resources: %v", n, again.Changes)
	}
	if err := r.generate(ctx, "legacy", 200, "70/20/10", 12, []string{adoptedTable}, "--stack", "adopted", "--dir", r.stack.Dir()); err != nil {
		return err
	}
	written, err := r.written("loaded-legacy", "legacy")
	if err != nil {
		return err
	}
	inHistory, inLake, err := r.compareSinks(ctx, everything(written))
	if err != nil {
		return err
	}
	if len(inHistory.Lost)+len(inLake.Lost) > 0 {
		return fmt.Errorf("of %d changes the history lacks %d, the lake %d", len(written), len(inHistory.Lost), len(inLake.Lost))
	}
	if _, err := r.stack.Destroy(ctx, r.tell); err != nil {
		return err
	}
	after, err := inventory.List(ctx, r.world.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	if gone := inventory.Added(after, before); len(gone) > 0 {
		return fmt.Errorf("destroy took what is somebody else's: %s", strings.Join(gone, ", "))
	}
	left := slices.DeleteFunc(inventory.Added(before, after), func(item string) bool { return slices.Contains(shared, item) })
	if len(left) > 0 {
		return fmt.Errorf("destroy left %s", strings.Join(left, ", "))
	}
	return nil
}

// somebodyElses makes what the stack is to adopt, and the configuration that names it.
func (r *rehearsal) somebodyElses(ctx context.Context) (map[string]string, error) {
	values := map[string]string{
		"cdc-pipeline:source.bootstrap":          "check",
		"cdc-pipeline:source.tables[0].database": strings.Split(adoptedTable, ".")[0],
		"cdc-pipeline:source.tables[0].table":    strings.Split(adoptedTable, ".")[1],
		"cdc-pipeline:source.existing.host":      r.world.Database.Host,
		"cdc-pipeline:source.existing.port":      strconv.Itoa(r.world.Database.Port),
	}
	for _, step := range []struct {
		what string
		make func(context.Context, map[string]string) error
	}{
		{"a network", r.foreignNetwork},
		{"a key", r.foreignKey},
		{"a log bucket", r.foreignBucket},
		{"a database with users and rows", r.foreignDatabase},
	} {
		if err := step.make(ctx, values); err != nil {
			return nil, fmt.Errorf("making %s for the stack to adopt: %w", step.what, err)
		}
	}
	return values, nil
}

//nolint:wrapcheck // somebodyElses names what was being made
func (r *rehearsal) foreignNetwork(ctx context.Context, values map[string]string) error {
	client := ec2.NewFromConfig(r.world.Account.Config())
	vpc, err := client.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	if err != nil {
		return err
	}
	id := vpc.Vpc.VpcId
	on := &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}
	if _, err := client.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: id, EnableDnsSupport: on}); err != nil {
		return err
	}
	if _, err := client.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: id, EnableDnsHostnames: on}); err != nil {
		return err
	}
	values["cdc-pipeline:network.vpcId"] = aws.ToString(id)
	for i, zone := range []string{"us-east-1a", "us-east-1b"} {
		subnet, err := client.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: id, CidrBlock: aws.String(fmt.Sprintf("10.9.%d.0/24", i)), AvailabilityZone: aws.String(zone)})
		if err != nil {
			return err
		}
		values[fmt.Sprintf("cdc-pipeline:network.privateSubnetIds[%d]", i)] = aws.ToString(subnet.Subnet.SubnetId)
	}
	group, err := client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: id, GroupName: aws.String("legacy-database"), Description: aws.String("somebody else's database")})
	if err != nil {
		return err
	}
	values["cdc-pipeline:source.existing.securityGroupId"] = aws.ToString(group.GroupId)
	return nil
}

//nolint:wrapcheck // as above
func (r *rehearsal) foreignKey(ctx context.Context, values map[string]string) error {
	key, err := kms.NewFromConfig(r.world.Account.Config()).CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("somebody else's")})
	if err != nil {
		return err
	}
	values["cdc-pipeline:encryption.kmsKeyArn"] = aws.ToString(key.KeyMetadata.Arn)
	return nil
}

//nolint:wrapcheck // as above
func (r *rehearsal) foreignBucket(ctx context.Context, values map[string]string) error {
	const name = "somebody-elses-logs"
	values["cdc-pipeline:lake.logBucket"] = name
	client := s3.NewFromConfig(r.world.Account.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		return err
	}
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::` + name + `/*"}]}`
	_, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(name), Policy: aws.String(policy)})
	return err
}

// foreignDatabase has its table, its administrator and a replication user already.
func (r *rehearsal) foreignDatabase(ctx context.Context, values map[string]string) error {
	const administrator, reader = "legacy_admin", "legacy_cdc"
	administratorsPassword, readersPassword := rand.Text(), rand.Text()
	if err := r.world.Database.ApplyMaster(ctx, administrator, administratorsPassword); err != nil {
		return fmt.Errorf("making its administrator: %w", err)
	}
	if err := execute(ctx, r.world.Database.Root(),
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
		"cdc-pipeline:source.replicationSecretArn": {"username": reader, "password": readersPassword, "host": r.world.Database.Host, "port": r.world.Database.Port},
	} {
		text, err := json.Marshal(login)
		if err != nil {
			return fmt.Errorf("writing a login: %w", err)
		}
		secret, err := secretsmanager.NewFromConfig(r.world.Account.Config()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: aws.String("legacy/" + key[strings.LastIndex(key, ".")+1:]), SecretString: aws.String(string(text)),
		})
		if err != nil {
			return fmt.Errorf("keeping a login: %w", err)
		}
		values[key] = aws.ToString(secret.ARN)
	}
	return nil
}

func execute(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.60s: %w", s, err)
		}
	}
	return nil
}
