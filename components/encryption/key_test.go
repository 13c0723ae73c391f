package encryption

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func run(t *testing.T, args *KeyArgs) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		_, err := NewKey(ctx, "cdc", args)
		return err
	})
}

func TestKeyRotatesAndCanBeGotBackForThirtyDays(t *testing.T) {
	key := run(t, &KeyArgs{}).One(t, "aws:kms/key:Key", "cdc-key")

	require.Equal(t, true, key.Input("enableKeyRotation"))
	require.EqualValues(t, 30, key.Input("deletionWindowInDays"))
	require.Contains(t, key.Parent, "cdcpipeline:encryption:Key::cdc")
	require.False(t, key.RetainOnDelete)
}

func TestKeyIsRetainedWhenTold(t *testing.T) {
	r := run(t, &KeyArgs{RetainOnDelete: true})

	require.True(t, r.One(t, "aws:kms/key:Key").RetainOnDelete)
	require.False(t, r.One(t, "aws:kms/alias:Alias").RetainOnDelete, "the next stack of this name takes the alias")
}

func TestAliasNamesProjectStackAndComponent(t *testing.T) {
	alias := run(t, &KeyArgs{}).One(t, "aws:kms/alias:Alias")

	require.Equal(t, "alias/project-stack-cdc", alias.Input("name"))
	require.Equal(t, "cdc-key", alias.Input("targetKeyId"))
}

func TestDeletionWindowIsRefusedOutsideOfWhatKMSTakes(t *testing.T) {
	for _, days := range []int{-1, 6, 31} {
		_, err := componenttest.Try(func(ctx *pulumi.Context) error {
			_, err := NewKey(ctx, "cdc", &KeyArgs{DeletionWindowDays: days})
			return err
		})
		require.ErrorContains(t, err, "deletionWindowDays", "%d", days)
	}
}

const adopted = "arn:aws:kms:us-east-1:123456789012:key/mine"

func TestAnAdoptedKeyIsLeftAsItIs(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		key, err := NewKey(ctx, "cdc", &KeyArgs{Encryption: config.Encryption{KmsKeyArn: adopted}, RetainOnDelete: true})
		if err != nil {
			return err
		}
		key.Arn.ApplyT(func(arn string) error {
			require.Equal(t, adopted, arn)
			return nil
		})
		return nil
	})
	require.Empty(t, r.All("aws:kms/key:Key"))
	require.Empty(t, r.All("aws:kms/alias:Alias"))
}

func TestAnAdoptedKeyMustBeAKeyOfTheRegion(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:kms:eu-west-1:123456789012:key/mine": "the key is in eu-west-1 but the stack is in us-east-1",
		"alias/mine": "encryption.kmsKeyArn",
	} {
		_, err := componenttest.Try(func(ctx *pulumi.Context) error {
			_, err := NewKey(ctx, "cdc", &KeyArgs{Encryption: config.Encryption{KmsKeyArn: arn}})
			return err
		})
		require.ErrorContains(t, err, want)
	}
}

func TestKeyNeedsArgs(t *testing.T) {
	_, err := componenttest.Try(func(ctx *pulumi.Context) error {
		_, err := NewKey(ctx, "cdc", nil)
		return err
	})
	require.ErrorContains(t, err, "encryption.Key needs args")
}

type statement struct {
	Sid       string
	Effect    string
	Principal map[string][]string
	Action    []string
	Condition map[string]map[string][]string
}

func policy(t *testing.T) map[string]statement {
	t.Helper()
	text, ok := run(t, &KeyArgs{}).One(t, "aws:kms/key:Key").Input("policy").(string)
	require.True(t, ok)
	var document struct{ Statement []statement }
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	bySid := map[string]statement{}
	for _, s := range document.Statement {
		bySid[s.Sid] = s
	}
	return bySid
}

func TestKeyPolicyAdmitsExactlyTheAccountAndServicesWithoutARole(t *testing.T) {
	who := map[string]string{}
	for sid, s := range policy(t) {
		require.Equal(t, "Allow", s.Effect)
		for _, ids := range s.Principal {
			require.Len(t, ids, 1)
			who[sid] = ids[0]
		}
	}

	require.Equal(t, map[string]string{
		"AccountPolicies":   "arn:aws:iam::123456789012:root",
		"CloudWatchLogs":    "logs.us-east-1.amazonaws.com",
		"CloudWatchAlarms":  "cloudwatch.amazonaws.com",
		"EventBridge":       "events.amazonaws.com",
		"ReplicationEvents": "dms.amazonaws.com",
	}, who)
}

func TestOnlyTheAccountManagesTheKey(t *testing.T) {
	for sid, s := range policy(t) {
		if sid == "AccountPolicies" {
			require.Equal(t, []string{"kms:*"}, s.Action)
			continue
		}
		for _, action := range s.Action {
			require.Contains(t, []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}, action, sid)
		}
	}
}

func TestServicesUseTheKeyForThisAccountOnly(t *testing.T) {
	statements := policy(t)
	topics := map[string][]string{"kms:EncryptionContext:aws:sns:topicArn": {"arn:aws:sns:us-east-1:123456789012:*"}}

	require.Equal(t,
		map[string][]string{"kms:EncryptionContext:aws:logs:arn": {"arn:aws:logs:us-east-1:123456789012:log-group:*"}},
		statements["CloudWatchLogs"].Condition["ArnLike"])
	for _, sid := range []string{"CloudWatchAlarms", "EventBridge", "ReplicationEvents"} {
		require.Equal(t, topics, statements[sid].Condition["ArnLike"], sid)
	}
	require.Equal(t,
		map[string][]string{"aws:SourceAccount": {"123456789012"}},
		statements["CloudWatchAlarms"].Condition["StringEquals"])
	require.NotContains(t, statements["EventBridge"].Condition, "StringEquals", "EventBridge sends no source account to KMS")
}
