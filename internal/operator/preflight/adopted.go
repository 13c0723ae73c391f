package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// adopted checks other existing resources: a database, its secrets, a key and a bucket.
func adopted(s *Stack) []Check {
	var all []Check
	for _, f := range s.Config.Feeds() {
		if db := f.Source.Existing; db != nil {
			all = append(all,
				databaseGroup{of("adopted/database-group", f), f.Key("source.existing.securityGroupId"), db.SecurityGroupID},
				secret{of("adopted/database-secret", f), f.Key("source.existing.secretArn"), db.SecretArn})
		}
		if arn := f.Source.ReplicationSecretArn; arn != "" {
			all = append(all, secret{of("adopted/replication-secret", f), f.Key("source.replicationSecretArn"), arn})
		}
	}
	if s.Config.Encryption.KmsKeyArn != "" {
		all = append(all, look{"adopted/key", keyWorks})
	}
	if s.Config.Lake.LogBucket != "" {
		all = append(all, look{"adopted/log-bucket", logBucket})
	}
	return all
}

// databaseGroup checks the security group that gets rules to admit DMS and the functions. It must belong to the
// database and be in the same VPC as DMS and the functions.
type databaseGroup struct{ name, key, id string }

func (c databaseGroup) Name() string { return c.name }

func (c databaseGroup) Look(ctx context.Context, s *Stack) (Finding, error) {
	key, id := c.key, c.id
	others := []string{s.cli("ec2 describe-network-interfaces --filters Name=vpc-id,Values=%s --query 'NetworkInterfaces[].[Description,PrivateIpAddress,Groups[].GroupId]' --output text", s.Config.Network.VpcID), s.set(key, "GROUP")}
	found, err := s.group(ctx, id)
	switch {
	case err != nil:
		return Finding{}, err
	case found == nil:
		return bad(others, "%s: %s does not exist in this account and region", key, id)
	case found.VPC != s.Config.Network.VpcID:
		return bad(others, "%s: %s is in %s, not in network.vpcId, so its rules cannot refer to the pipeline's security groups", key, id, found.VPC)
	}
	values := url.Values{}
	awsapi.Filter(values, 0, "group-id", id)
	var used struct {
		Interfaces []string `xml:"networkInterfaceSet>item>networkInterfaceId"`
	}
	if err := s.api(awsapi.EC2).Query(ctx, "DescribeNetworkInterfaces", values, &used); err != nil {
		return Finding{}, err
	}
	if len(used.Interfaces) == 0 {
		return bad(others, "%s: no network interface has %s, so its rules do not admit anybody to the database: name the security group of the database itself", key, id)
	}
	return good("%s is in the VPC and in use", id)
}

// secret checks that a secret exists and is not scheduled for deletion.
type secret struct{ name, key, arn string }

func (c secret) Name() string { return c.name }

func (c secret) Look(ctx context.Context, s *Stack) (Finding, error) {
	if region := strings.Split(c.arn, ":")[3]; region != s.AWS.Region {
		return bad([]string{s.set(c.key, "ARN")}, "%s: is in %s, but the stack is in %s", c.key, region, s.AWS.Region)
	}
	found, err := secretsmanager.NewFromConfig(s.AWS).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &c.arn})
	switch {
	case awsapi.Is(err, "ResourceNotFoundException"):
		return bad([]string{s.cli("secretsmanager list-secrets --query 'SecretList[].ARN' --output text"), s.set(c.key, "ARN")}, "%s: %s does not exist", c.key, c.arn)
	case err != nil:
		return Finding{}, reading("the secret", err)
	case found.DeletedDate != nil:
		return bad([]string{s.cli("secretsmanager restore-secret --secret-id %s", c.arn)}, "%s: %s is scheduled for deletion", c.key, aws.ToString(found.Name))
	}
	return good("%s exists", aws.ToString(found.Name))
}

// keyWorks checks that the key is enabled, symmetric and managed by the customer. Nobody can change the policies of
// keys that AWS manages. The program itself refuses a key of another region.
func keyWorks(ctx context.Context, s *Stack) (Finding, error) {
	const key = "encryption.kmsKeyArn"
	arn := s.Config.Encryption.KmsKeyArn
	other := []string{s.cli("kms create-key --description 'change data capture' --query KeyMetadata.Arn --output text"), s.set(key, "ARN")}
	if region := strings.Split(arn, ":")[3]; region != s.AWS.Region {
		return bad(other, "%s: is in %s, but the stack is in %s", key, region, s.AWS.Region)
	}
	var found struct {
		KeyMetadata struct{ KeyState, KeySpec, KeyUsage, KeyManager string }
	}
	err := s.api(awsapi.KMS).JSON(ctx, "DescribeKey", map[string]string{"KeyId": arn}, &found)
	k := found.KeyMetadata
	switch {
	case awsapi.Is(err, "NotFoundException"):
		return bad(other, "%s: %s does not exist", key, arn)
	case err != nil:
		return Finding{}, err
	case k.KeyState == "PendingDeletion":
		return bad([]string{s.cli("kms cancel-key-deletion --key-id %s", arn), s.cli("kms enable-key --key-id %s", arn)}, "%s: the key is scheduled for deletion", key)
	case k.KeyState == "Disabled":
		return bad([]string{s.cli("kms enable-key --key-id %s", arn)}, "%s: the key is disabled", key)
	case k.KeyState != "Enabled":
		return bad(other, "%s: the key is %s", key, k.KeyState)
	case k.KeySpec != "SYMMETRIC_DEFAULT" || k.KeyUsage != "ENCRYPT_DECRYPT":
		return bad(other, "%s: the key is %s for %s, but services need a symmetric key for encryption", key, k.KeySpec, k.KeyUsage)
	case k.KeyManager != "CUSTOMER":
		return bad(other, "%s: the key is managed by AWS, and its policy cannot admit what the pipeline needs: use a customer-managed key", key)
	}
	return good("enabled, symmetric")
}

// logBucket checks that the bucket belongs to this account and region.
func logBucket(ctx context.Context, s *Stack) (Finding, error) {
	const key = "lake.logBucket"
	bucket := s.Config.Lake.LogBucket
	caller, err := s.caller(ctx)
	if err != nil {
		return Finding{}, err
	}
	found, err := s.s3().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket, ExpectedBucketOwner: &caller.account})
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		switch response.HTTPStatusCode() {
		case http.StatusNotFound:
			return bad([]string{s.cli("s3 mb s3://%s", bucket)}, "%s: %s does not exist", key, bucket)
		case http.StatusMovedPermanently:
			return bad([]string{s.set(key, "BUCKET")}, "%s: %s is in another region, but S3 writes access logs only in the same region", key, bucket)
		}
	}
	if err != nil {
		return Finding{}, reading("the log bucket", err)
	}
	if region := aws.ToString(found.BucketRegion); region != "" && region != s.AWS.Region {
		return bad([]string{s.set(key, "BUCKET")}, "%s: %s is in %s, but S3 writes access logs only in the same region", key, bucket, region)
	}
	return good("%s exists", bucket)
}
