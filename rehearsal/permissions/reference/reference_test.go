package reference

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOperationsAreCalledWhatIAMCallsThem(t *testing.T) {
	for operation, want := range map[string][]string{
		"s3:HeadBucket":                         {"s3:ListBucket"},
		"s3:GetBucketEncryption":                {"s3:GetEncryptionConfiguration"},
		"s3:DeleteBucketLifecycleConfiguration": {"s3:PutLifecycleConfiguration"},
		"s3:PutBucketPolicy":                    {"s3:PutBucketPolicy"},
		"lambda:Invoke":                         {"lambda:InvokeFunction"},
		"monitoring:GetMetricData":              {"cloudwatch:GetMetricData"},
		"sts:GetCallerIdentity":                 nil,
		"iam:GetUser":                           nil,
	} {
		got, err := Actions(operation)
		require.NoError(t, err, operation)
		require.Equal(t, want, got, operation)
	}
	require.True(t, Spared("iam:GetUser"))
	require.False(t, Spared("sts:GetCallerIdentity"))
}

func TestAnOperationThatIAMDoesNotKnowIsRefused(t *testing.T) {
	_, err := Actions("s3:FrobBucket")
	require.ErrorContains(t, err, "IAM has no action s3:FrobBucket")
	_, err = Actions("es:")
	require.ErrorContains(t, err, "an operation of es was recorded without its name")
}

// The reference contains every action in every table.
func TestNoActionIsInvented(t *testing.T) {
	for operation, mapped := range renamed {
		for _, action := range mapped {
			require.True(t, Known(action), "%s: %s", operation, action)
		}
	}
	for service, tag := range tagging {
		if service != "iam" {
			require.True(t, Known(tag.action), tag.action)
		}
		require.True(t, strings.HasPrefix(tag.source, "https://docs.aws.amazon.com/"), service)
	}
}

func TestWhatIsGivenTagsNeedsTheServicesActionThatTags(t *testing.T) {
	for operation, want := range map[string]string{
		"dms:CreateEndpoint":            "dms:AddTagsToResource",
		"iam:CreateRole":                "iam:TagRole",
		"iam:CreateInstanceProfile":     "iam:TagInstanceProfile",
		"kinesis:CreateStream":          "kinesis:AddTagsToStream",
		"firehose:TagDeliveryStream":    "", // its own action
		"rds:AddTagsToResource":         "",
		"s3:PutBucketTagging":           "",
		"firehose:CreateDeliveryStream": "firehose:TagDeliveryStream",
	} {
		got, source, err := TagAction(operation)
		require.NoError(t, err)
		require.Equal(t, want, got, operation)
		require.Equal(t, want != "", source != "", operation)
	}
	_, _, err := TagAction("scheduler:CreateScheduleGroup")
	require.ErrorContains(t, err, "scheduler:CreateScheduleGroup")
	_, _, err = TagAction("iam:UploadServerCertificate")
	require.ErrorContains(t, err, "iam:TagUploadServerCertificate")
}

// Where the reference itself gives a service's requirements for tags, the table agrees.
func TestTheTableOfTagsAgreesWithTheReference(t *testing.T) {
	found := map[string]bool{}
	for name, s := range services {
		for action, a := range s.Actions {
			for _, need := range a.Needs {
				service, tag, _ := strings.Cut(need, ":")
				if service == name && strings.Contains(tag, "Tag") && strings.HasPrefix(action, "Create") {
					if listed, ok := tagging[name]; ok {
						require.Equal(t, listed.action, need, "%s:%s", name, action)
						found[name] = true
					}
				}
			}
		}
	}
	require.Subset(t, slices.Collect(maps.Keys(found)), []string{"ec2", "kms", "rds"})
}

func TestARoleIsPassedToTheServiceThatItsParameterSays(t *testing.T) {
	principal, ok := PassedTo("dms", "SecretsManagerAccessRoleArn", "eu-west-1")
	require.True(t, ok)
	require.Equal(t, "dms.eu-west-1.amazonaws.com", principal)
	_, ok = PassedTo("dms", "SomeRoleArn", "eu-west-1")
	require.False(t, ok)
}

func TestAnArnIsPutTogetherFromItsVariables(t *testing.T) {
	got, err := Arn("s3", "object", func(v string) string { return "<" + v + ">" })
	require.NoError(t, err)
	require.Equal(t, "arn:<Partition>:s3:::<BucketName>/<ObjectName>", got)
	_, err = Arn("s3", "nothing", nil)
	require.ErrorContains(t, err, "s3 has no resources of type nothing")
}
