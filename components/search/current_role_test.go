package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func currentPolicy(t *testing.T, r *componenttest.Recorder) string {
	t.Helper()
	text, ok := r.One(t, "aws:iam/rolePolicy:RolePolicy", "current-role").Input("policy").(string)
	require.True(t, ok)
	return text
}

func TestTheFunctionsRoleReachesItsOwnAlone(t *testing.T) {
	var document struct {
		Statement []struct {
			Sid              string
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(currentPolicy(t, runCurrent(t, nil))), &document))
	const domain = "arn:aws:opensearch:us-east-1:123456789012:search-domain/"
	resources := map[string][]string{}
	for _, s := range document.Statement {
		resources[s.Sid] = s.Resource
		for _, action := range s.Action {
			require.NotContains(t, action, "*", s.Sid)
		}
		if strings.HasPrefix(s.Action[0], "kms:") {
			require.NotEmpty(t, s.Condition["StringEquals"]["kms:ViaService"], s.Sid)
		}
	}
	require.Equal(t, map[string][]string{
		"ReadStream":          {changesArn},
		"WriteIndices":        {domain + "current-*", domain + "_bulk"},
		"FindFormerRegistry":  {domain + "cdc-current/_mapping"},
		"BlockFormerRegistry": {domain + "cdc-current/_block/write"},
		"ReadFormerRegistry":  {domain + "cdc-current/_refresh", domain + "cdc-current/_search"},
		"KeepRegistry":        {bucketArn + "/registry/current/*", bucketArn + "/registry/current.json"},
		"FindParking":         {bucketArn},
		"Park":                {bucketArn + "/errors/current/*", bucketArn + "/aws/lambda/*"},
		"DecryptStream":       {key}, "EncryptParked": {key},
		"JoinVpc":         {"*"},
		"LeaveInterfaces": {"*"},
		"WriteOwnLogs":    {"arn:aws:cloudwatch:us-east-1:123456789012:current-logs:*"},
	}, resources)
}

func TestAFunctionReachesItsOwnRegistryAlone(t *testing.T) {
	r := runCurrent(t, func(a *search.CurrentStateArgs) { a.Registry = "serverless" })
	policy := currentPolicy(t, r)
	require.Contains(t, policy, bucketArn+"/registry/serverless/*")
	require.Contains(t, policy, bucketArn+"/registry/serverless.json")
	require.NotContains(t, policy, "registry/current")
	variables, ok := section(t, r.One(t, functionType), "environment")["variables"].(map[string]any)
	require.True(t, ok)
	require.Equal(t, "serverless", variables["REGISTRY"])
}

func TestNothingElseIsWrittenWhereTheRegistryIs(t *testing.T) {
	require.Equal(t, currentstate.RegistryPrefix, config.RegistryPrefix+"/")
}

func TestTheFunctionMayTouchItsOwnIndicesAlone(t *testing.T) {
	role := runCurrent(t, nil).One(t, "opensearch:index/role:Role")
	require.Equal(t, []any{"cluster_composite_ops"}, role.Input("clusterPermissions"))
	require.Equal(t, []any{
		map[string]any{"indexPatterns": []any{"current-*"}, "allowedActions": []any{"crud", "create_index", "manage"}},
		map[string]any{
			"indexPatterns":  []any{"cdc-current*"},
			"allowedActions": []any{"read", "indices:admin/mappings/get", "indices:admin/block/add*", "indices:admin/refresh*"},
		},
	}, role.Input("indexPermissions"))
	for name, want := range map[string]bool{
		currentstate.Source("").Index(table.Name{Database: "testdb", Table: "retail_trans"}, 1): true, currentstate.Source("").Alias(table.Name{Database: "A", Table: "B"}): true, "retail-trans-2026-11-23": false,
	} {
		matched, err := filepath.Match(search.CurrentIndices, name)
		require.NoError(t, err)
		require.Equal(t, want, matched, name)
	}
}

func TestTheSweepIsCalledByTheScheduleAlone(t *testing.T) {
	r := runCurrent(t, nil)
	schedule := r.One(t, "aws:scheduler/schedule:Schedule")
	require.Equal(t, "rate(24 hours)", schedule.Input("scheduleExpression"))
	target := section(t, schedule, "target")
	require.JSONEq(t, `{"source":"aws.scheduler"}`, target["input"].(string))
	require.Equal(t, "arn:aws:lambda:us-east-1:123456789012:current-function", target["arn"])
	policy := r.One(t, "aws:iam/rolePolicy:RolePolicy", "current-sweep").Input("policy")
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"CallFunction","Effect":"Allow",
		"Action":["lambda:InvokeFunction"],"Resource":["arn:aws:lambda:us-east-1:123456789012:current-function"]}]}`, policy.(string))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"Service":["scheduler.amazonaws.com"]},"Action":["sts:AssumeRole"],
		"Condition":{"StringEquals":{"aws:SourceAccount":["123456789012"],"aws:SourceArn":["arn:aws:scheduler:us-east-1:123456789012:schedule-group/default"]}}
	}]}`, r.One(t, "aws:iam/role:Role", "current-sweep").Input("assumeRolePolicy").(string))
}

func TestTheCurrentTemplateAndGrantGoWithTheDomain(t *testing.T) {
	r := runCurrent(t, nil)
	for _, x := range []componenttest.Registered{
		r.One(t, "opensearch:index/composableIndexTemplate:ComposableIndexTemplate", "current"), r.One(t, "opensearch:index/rolesMapping:RolesMapping"),
	} {
		require.Contains(t, x.DeletedWith, domainType, x.Name)
		require.Contains(t, strings.Join(x.ReplaceWith, " "), domainType, x.Name)
		require.Contains(t, x.Parent, "search:Access", x.Name)
	}
	require.Equal(t, []any{"arn:aws:iam::123456789012:role/current-role"}, r.One(t, "opensearch:index/rolesMapping:RolesMapping").Input("backendRoles"))
}
