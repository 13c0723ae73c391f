package permissions

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/rehearsal/permissions/document"
	"cdcpipeline/rehearsal/permissions/reference"
	"cdcpipeline/rehearsal/standins/controlplane"
	"encoding/json"
	"flag"
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
			_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: config.Config{Environment: env, Replication: config.Replication{Next: config.Serverless}}, Code: feed.Code{Bootstrap: code, Rotation: code, CurrentState: code, Canary: code}})
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
	}, []string{"ec2:CreateVpc"}))
	r, err := Read(folder + ".json")
	require.NoError(t, err)
	require.Equal(t, Recording{Deployer: []string{"ec2:CreateVpc", "s3:HeadBucket"}, Operator: []string{}, Tagged: []string{"ec2:CreateVpc"}}, r)
}

func TestTheRecordingIsOfAllPartsAndAPartReplacesItsOwn(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "calls")
	add := func(part string, caller controlplane.Caller, name string) {
		require.NoError(t, Add(folder, part, map[controlplane.Caller]map[controlplane.Action]int{caller: {{Service: "ec2", Name: name}: 1}}, []string{"ec2:" + name}))
	}
	add("rows", controlplane.Deployer, "CreateVpc")
	add("faults", controlplane.Deployer, "CreateVpc")
	add("faults", controlplane.Operator, "DescribeVpcs")
	add("account", controlplane.Deployer, "DeleteVpc")
	r, err := Read(folder + ".json")
	require.NoError(t, err)
	require.Equal(t, Recording{
		Deployer: []string{"ec2:CreateVpc", "ec2:DeleteVpc"}, Operator: []string{"ec2:DescribeVpcs"},
		Tagged: []string{"ec2:CreateVpc", "ec2:DeleteVpc", "ec2:DescribeVpcs"},
	}, r)
}

func TestAnOperationThatIAMDoesNotKnowIsRefused(t *testing.T) {
	_, _, err := needs([]string{"s3:FrobBucket", "es:"}, []string{"scheduler:CreateScheduleGroup"})
	require.ErrorContains(t, err, "IAM has no action s3:FrobBucket")
	require.ErrorContains(t, err, "an operation of es was recorded without its name")
	require.ErrorContains(t, err, "scheduler:CreateScheduleGroup is given tags")
}

// The recording of a deployment with the default tags of Pulumi.yaml contains the actions that these tags need.
func TestTheDeployerMayTagWhatHeMakes(t *testing.T) {
	r, err := Read(recorded)
	require.NoError(t, err)
	wanted, _, err := needs(r.Deployer, r.Tagged)
	require.NoError(t, err)
	require.Subset(t, wanted, []string{
		"athena:TagResource", "dms:AddTagsToResource", "ec2:CreateTags", "es:AddTags", "firehose:TagDeliveryStream", "glue:TagResource", "iam:TagInstanceProfile",
		"iam:TagRole", "kinesis:AddTagsToStream", "kms:TagResource", "lambda:TagResource", "logs:TagResource", "rds:AddTagsToResource", "s3:PutBucketTagging",
		"secretsmanager:TagResource",
	})
}

func TestTheDeployerMayDetachWhatServicesLeaveInTheNetwork(t *testing.T) {
	wanted, _, err := needs([]string{"ec2:DeleteSubnet"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"ec2:DeleteNetworkInterface", "ec2:DeleteSubnet", "ec2:DescribeNetworkInterfaces", "ec2:DetachNetworkInterface"}, wanted)
}

// The reference contains every action in every table.
func TestNoActionIsInvented(t *testing.T) {
	for _, action := range slices.Concat(changes, production, watching) {
		require.True(t, reference.Known(action), action)
	}
	for _, n := range newer {
		for _, action := range n.actions {
			require.True(t, reference.Known(action), action)
		}
	}
	for _, i := range allImplied {
		require.NotEmpty(t, i.why)
		for _, action := range i.actions {
			require.True(t, reference.Known(action), action)
			if !strings.HasPrefix(i.source, authorization) {
				continue
			}
			// Actions attributed to the reference are dependent actions there.
			require.True(t, slices.ContainsFunc(i.operations, func(o string) bool {
				return slices.Contains(reference.Needs(o), action)
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
		var p document.Policy
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
		"kinesis:CreateStream":          {"arn:aws:kinesis:REGION:ACCOUNT:stream/retail_trans_stream*"},
		"firehose:CreateDeliveryStream": {"arn:aws:firehose:REGION:ACCOUNT:deliverystream/cdc-*"},
		"lambda:DeleteFunction":         {"arn:aws:lambda:REGION:ACCOUNT:function:cdc-*"},
		"s3:PutBucketPolicy":            {"arn:aws:s3:::cdc-*"},
		"es:CreateDomain":               {"arn:aws:es:REGION:ACCOUNT:domain/retail-trans*"},
		"rds:DeleteDBInstance":          {"arn:aws:rds:REGION:ACCOUNT:db:tf-*"},
		"ec2:CreateVpc":                 {"*"},
		"logs:DescribeLogGroups":        {"*"},
		"lambda:ListTags":               {"arn:aws:lambda:REGION:ACCOUNT:event-source-mapping:*", "arn:aws:lambda:REGION:ACCOUNT:function:cdc-*"},
		"lambda:GetEventSourceMapping":  {"arn:aws:lambda:REGION:ACCOUNT:event-source-mapping:*"},
	} {
		got, err := resources(action, f.names)
		require.NoError(t, err)
		require.Equal(t, want, got, action)
	}
	roles, err := resources("iam:CreateRole", f.names)
	require.NoError(t, err)
	require.Contains(t, roles, "arn:aws:iam::ACCOUNT:role/dms-vpc-role")
	require.NotContains(t, roles, "*")
	const linked = "arn:aws:iam::ACCOUNT:role/aws-service-role/opensearchservice.amazonaws.com/*"
	require.NotContains(t, roles, linked)
	tagged, err := resources("iam:TagRole", f.names)
	require.NoError(t, err)
	require.Contains(t, tagged, linked, "it is made with the default tags")
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
	require.NotEmpty(t, r.Deployer)
	for _, operation := range slices.Concat(r.Deployer, r.Operator, r.Tagged) {
		_, err := reference.Actions(operation)
		require.NoError(t, err)
	}
}
