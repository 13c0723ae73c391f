package search

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// place is the location of the resources in AWS.
type place struct{ partition, dnsSuffix, region, account string }

// domainArn is a domain's ARN, known before the domain exists.
func (p place) domainArn(name string) string {
	return fmt.Sprintf("arn:%s:es:%s:%s:domain/%s", p.partition, p.region, p.account, name)
}

func lookUpPlace(ctx *pulumi.Context, parent pulumi.Resource) (place, error) {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return place{}, fmt.Errorf("looking up the partition: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return place{}, fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(parent))
	if err != nil {
		return place{}, fmt.Errorf("looking up the account: %w", err)
	}
	return place{partition.Partition, partition.DnsSuffix, region.Name, caller.AccountId}, nil
}

// keyUse describes a role's use of the key: through the two services that it reads from and writes to, and only for
// those objects.
type keyUse struct {
	key, stream pulumi.StringInput
	// encrypt names the statement about written data: the objects, and the bucket itself when it uses a bucket key.
	encrypt         string
	bucket          pulumi.StringInput
	objectsInBucket []pulumi.StringInput
}

func (p place) useKey(u keyUse) []iampolicy.Statement {
	via := func(service string) iampolicy.Condition {
		return iampolicy.StringEquals("kms:ViaService", pulumi.String(service+"."+p.region+"."+p.dnsSuffix))
	}
	return []iampolicy.Statement{
		{
			Sid:       "DecryptStream",
			Actions:   []string{"kms:Decrypt"},
			Resources: []pulumi.StringInput{u.key},
			Conditions: []iampolicy.Condition{
				via("kinesis"),
				{Operator: "StringLike", Key: "kms:EncryptionContext:aws:kinesis:arn", Values: []pulumi.StringInput{u.stream}},
			},
		},
		{
			Sid:       u.encrypt,
			Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
			Resources: []pulumi.StringInput{u.key},
			Conditions: []iampolicy.Condition{
				via("s3"),
				{
					Operator: "StringLike", Key: "kms:EncryptionContext:aws:s3:arn",
					Values: append([]pulumi.StringInput{u.bucket}, u.objectsInBucket...),
				},
			},
		},
	}
}
