package permissions

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/rehearsal/standins/controlplane"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/permissions.md and its policies")

const (
	docs     = "../../docs"
	recorded = "recorded.json"
)

func program(t *testing.T) Program {
	t.Helper()
	run := func(env config.Environment) []componenttest.Registered {
		return componenttest.Run(t, func(ctx *pulumi.Context) error {
			code := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
			_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: config.Config{Environment: env}, BootstrapCode: code, RotationCode: code, CurrentStateCode: code})
			return err
		}).Resources()
	}
	return Program{Dev: run(config.Dev), Prod: run(config.Prod), Name: "cdc"}
}

func pages(t *testing.T) map[string][]byte {
	t.Helper()
	r, err := Read(recorded)
	require.NoError(t, err)
	made, err := Pages(r, program(t))
	require.NoError(t, err)
	return made
}

func TestThePageIsCurrent(t *testing.T) {
	want := pages(t)
	if *update {
		require.NoError(t, os.RemoveAll(filepath.Join(docs, "permissions")))
		require.NoError(t, os.MkdirAll(filepath.Join(docs, "permissions"), 0o755))
		for name, text := range want {
			require.NoError(t, os.WriteFile(filepath.Join(docs, name), text, 0o644))
		}
	}
	for name, text := range want {
		have, err := os.ReadFile(filepath.Join(docs, name))
		require.NoError(t, err)
		require.Equalf(t, string(text), string(have), "docs/%s is stale: make permissions", name)
	}
	files, err := filepath.Glob(filepath.Join(docs, "permissions", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, len(want)-1, "a policy that nothing writes any more")
}

func TestOnlyWhatTheCallersOfInterestCalledIsRecorded(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "calls")
	require.NoError(t, Add(folder, "faults", map[controlplane.Caller]map[controlplane.Action]int{
		controlplane.Deployer: {{Service: "s3", Name: "HeadBucket"}: 3, {Service: "ec2", Name: "CreateVpc"}: 1},
		controlplane.Other:    {{Service: "kinesis", Name: "PutRecords"}: 9},
	}))
	r, err := Read(folder + ".json")
	require.NoError(t, err)
	require.Equal(t, Recording{controlplane.Deployer: {"ec2:CreateVpc", "s3:HeadBucket"}, controlplane.Operator: {}}, r)
}

func TestTheRecordingIsOfAllPartsAndAPartReplacesItsOwn(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "calls")
	add := func(part string, caller controlplane.Caller, name string) {
		require.NoError(t, Add(folder, part, map[controlplane.Caller]map[controlplane.Action]int{caller: {{Service: "ec2", Name: name}: 1}}))
	}
	add("rows", controlplane.Deployer, "CreateVpc")
	add("faults", controlplane.Deployer, "CreateVpc")
	add("faults", controlplane.Operator, "DescribeVpcs")
	add("account", controlplane.Deployer, "DeleteVpc")
	r, err := Read(folder + ".json")
	require.NoError(t, err)
	require.Equal(t, Recording{controlplane.Deployer: {"ec2:CreateVpc", "ec2:DeleteVpc"}, controlplane.Operator: {"ec2:DescribeVpcs"}}, r)
}

func TestOperationsAreCalledWhatIAMCallsThem(t *testing.T) {
	for operation, want := range map[string][]string{
		"s3:HeadBucket":                         {"s3:ListBucket"},
		"s3:GetBucketEncryption":                {"s3:GetEncryptionConfiguration"},
		"s3:DeleteBucketLifecycleConfiguration": {"s3:PutLifecycleConfiguration"},
		"s3:PutBucketPolicy":                    {"s3:PutBucketPolicy"},
		"lambda:Invoke":                         {"lambda:InvokeFunction"},
		"monitoring:GetMetricData":              {"cloudwatch:GetMetricData"},
		"sts:GetCallerIdentity":                 nil,
	} {
		got, err := actions(operation)
		require.NoError(t, err, operation)
		require.Equal(t, want, got, operation)
	}
}

func TestAnOperationThatIAMDoesNotKnowIsRefused(t *testing.T) {
	_, _, err := needs([]string{"s3:FrobBucket", "es:"})
	require.ErrorContains(t, err, "IAM has no action s3:FrobBucket")
	require.ErrorContains(t, err, "an operation of es was recorded without its name")
}

// Every action of every table is one of the reference's.
func TestNoActionIsInvented(t *testing.T) {
	for operation, mapped := range renamed {
		for _, action := range mapped {
			require.True(t, known(action), "%s: %s", operation, action)
		}
	}
	for _, action := range slices.Concat(changes, production, tagging) {
		require.True(t, known(action), action)
	}
	for _, i := range allImplied {
		require.NotEmpty(t, i.why)
		for _, action := range i.actions {
			require.True(t, known(action), action)
			if !strings.HasPrefix(i.source, authorization) {
				continue
			}
			// What is said to be from the reference is a dependent action there.
			require.True(t, slices.ContainsFunc(i.operations, func(o string) bool {
				prefix, name, _ := strings.Cut(o, ":")
				return slices.Contains(reference[prefix].Actions[name].Needs, action)
			}), "%v: the reference does not list %s", i.operations, action)
		}
	}
}

func TestPoliciesAreNoLargerThanIAMTakesAndSayEverythingOnce(t *testing.T) {
	seen := map[string]string{}
	for name, text := range pages(t) {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		require.LessOrEqual(t, len(strings.Join(strings.Fields(string(text)), "")), 6144, name)
		var p Policy
		require.NoError(t, json.Unmarshal(text, &p))
		caller, _, _ := strings.Cut(filepath.Base(name), "-")
		for _, s := range p.Statement {
			for _, action := range s.Action {
				require.Empty(t, seen[caller+action], "%s is in two statements", action)
				seen[caller+action] = name
				require.NotContains(t, action, "*")
			}
		}
	}
	require.NotEmpty(t, seen["deployerec2:CreateVpc"])
	require.NotEmpty(t, seen["deployeriam:PassRole"], "no call records it")
}

func TestWhatHasANameIsLimitedToIt(t *testing.T) {
	f, err := read(program(t).Dev, "cdc")
	require.NoError(t, err)
	for action, want := range map[string][]string{
		"kinesis:CreateStream":          {"arn:aws:kinesis:REGION:ACCOUNT:stream/retail_trans_stream"},
		"firehose:CreateDeliveryStream": {"arn:aws:firehose:REGION:ACCOUNT:deliverystream/cdc-*"},
		"lambda:DeleteFunction":         {"arn:aws:lambda:REGION:ACCOUNT:function:cdc-*"},
		"s3:PutBucketPolicy":            {"arn:aws:s3:::cdc-*"},
		"es:CreateDomain":               {"arn:aws:es:REGION:ACCOUNT:domain/retail-trans"},
		"ec2:CreateVpc":                 {"*"},
		"logs:DescribeLogGroups":        {"*"},
	} {
		got, err := resources(action, f.names)
		require.NoError(t, err)
		require.Equal(t, want, got, action)
	}
	roles, err := resources("iam:CreateRole", f.names)
	require.NoError(t, err)
	require.Contains(t, roles, "arn:aws:iam::ACCOUNT:role/dms-vpc-role")
	require.NotContains(t, roles, "*")
}

func TestRolesArePassedOnlyToTheServicesThatTheProgramTrusts(t *testing.T) {
	f, err := read(program(t).Dev, "cdc")
	require.NoError(t, err)
	require.Subset(t, f.passed, []string{"dms.REGION.amazonaws.com", "dms.amazonaws.com", "firehose.amazonaws.com", "lambda.amazonaws.com"})
	require.Equal(t, map[string]map[string][]string{"StringEquals": {"iam:PassedToService": f.passed}}, condition("iam:PassRole", nil, f))
}

func TestANameThatNobodyForeseesIsRefused(t *testing.T) {
	_, err := read([]componenttest.Registered{{Type: "aws:kinesis/stream:Stream", Name: "other-stream"}}, "cdc")
	require.ErrorContains(t, err, "does not begin with cdc-")
}

func TestTheReferenceCoversEveryRecordedService(t *testing.T) {
	r, err := Read(recorded)
	require.NoError(t, err)
	require.NotEmpty(t, r[controlplane.Deployer])
	for _, operations := range maps.All(r) {
		for _, operation := range operations {
			_, err := actions(operation)
			require.NoError(t, err)
		}
	}
}
