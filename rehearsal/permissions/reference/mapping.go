package reference

import (
	"fmt"
	"strings"
)

// prefixes are the services whose signing name differs from the prefix of their actions.
var prefixes = map[string]string{"monitoring": "cloudwatch"}

// free are operations that need no permission, https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
var free = map[string]bool{"sts:GetCallerIdentity": true}

// spared are operations that the caller does without if it may not call them. The provider asks for the account with
// GetUser first, and with GetCallerIdentity after a refusal,
// https://github.com/hashicorp/aws-sdk-go-base/blob/v2.0.0-beta.72/awsauth.go.
var spared = map[string]bool{"iam:GetUser": true}

// Spared reports whether a caller does without an operation when it is refused.
func Spared(operation string) bool { return spared[operation] }

// renamed are the operations whose actions have other names. All others have their operation's name.
//
// For S3 (operations as in controlplane):
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html. For Lambda:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html.
var renamed = map[string][]string{
	"lambda:Invoke": {"lambda:InvokeFunction"},

	"s3:DeleteBucketEncryption":             {"s3:PutEncryptionConfiguration"},
	"s3:DeleteBucketLifecycleConfiguration": {"s3:PutLifecycleConfiguration"},
	"s3:DeleteBucketOwnershipControls":      {"s3:PutBucketOwnershipControls"},
	"s3:DeleteBucketPublicAccessBlock":      {"s3:PutBucketPublicAccessBlock"},
	"s3:DeleteBucketTagging":                {"s3:PutBucketTagging"},
	"s3:DeleteObject":                       {"s3:DeleteObject", "s3:DeleteObjectVersion"},
	"s3:GetBucketAccelerateConfiguration":   {"s3:GetAccelerateConfiguration"},
	"s3:GetBucketCors":                      {"s3:GetBucketCORS"},
	"s3:GetBucketEncryption":                {"s3:GetEncryptionConfiguration"},
	"s3:GetBucketLifecycleConfiguration":    {"s3:GetLifecycleConfiguration"},
	"s3:GetBucketReplication":               {"s3:GetReplicationConfiguration"},
	"s3:GetBucketVersions":                  {"s3:ListBucketVersions"},
	"s3:HeadBucket":                         {"s3:ListBucket"},
	"s3:HeadObject":                         {"s3:GetObject"},
	"s3:ListBuckets":                        {"s3:ListAllMyBuckets"},
	"s3:ListObjects":                        {"s3:ListBucket"},
	"s3:PostBucketDeleteMany":               {"s3:DeleteObject", "s3:DeleteObjectVersion"},
	"s3:PutBucketEncryption":                {"s3:PutEncryptionConfiguration"},
	"s3:PutBucketLifecycleConfiguration":    {"s3:PutLifecycleConfiguration"},
}

// Actions are an operation's IAM actions, such as monitoring:GetMetricData; none when it needs no permission or is
// spared.
func Actions(operation string) ([]string, error) {
	if free[operation] || spared[operation] {
		return nil, nil
	}
	signed, name, _ := strings.Cut(operation, ":")
	if name == "" {
		return nil, fmt.Errorf("an operation of %s was recorded without its name: add its route to controlplane/action.go (the rehearsal's log has its path)", signed)
	}
	found, ok := renamed[operation]
	if !ok {
		prefix, ok := prefixes[signed]
		if !ok {
			prefix = signed
		}
		found = []string{prefix + ":" + name}
	}
	for _, action := range found {
		if !Known(action) {
			return nil, fmt.Errorf("%s: IAM has no action %s: add what it is called to permissions/reference/mapping.go", operation, action)
		}
	}
	return found, nil
}
