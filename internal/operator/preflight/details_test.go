package preflight

import (
	"cdcpipeline/config"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lookAt runs one check of a scene.
func (s *scene) lookAt(t *testing.T, name string) (Finding, error) {
	t.Helper()
	list, err := chosen(s.Stack, nil)
	require.NoError(t, err)
	for _, c := range list {
		if c.Name() == name {
			return c.Look(t.Context(), s.Stack)
		}
	}
	t.Fatalf("there is no check %s", name)
	return Finding{}, nil
}

func TestPermissionsAreAskedForWithTheStacksOwnNames(t *testing.T) {
	s := made(t)
	s.Config.Search.DomainName, s.Config.Source.ClusterName, s.Config.Stream.Name = "mine", "my-db", "my_stream"
	all, err := s.questions(t.Context())
	require.NoError(t, err)
	var on, given strings.Builder
	actions := map[string]bool{}
	for _, q := range all {
		fmt.Fprintln(&on, strings.Join(q.resources, "\n"))
		fmt.Fprintln(&given, q.context)
		require.LessOrEqual(t, len(q.actions), mostActions)
		for _, a := range q.actions {
			actions[a] = true
		}
	}
	for _, arn := range []string{
		"arn:aws:es:us-east-1:123456789012:domain/mine\n", "arn:aws:rds:us-east-1:123456789012:cluster:my-db\n", "arn:aws:kinesis:us-east-1:123456789012:stream/my_stream\n",
		"arn:aws:s3:::my-lake\n", "arn:aws:kms:us-east-1:123456789012:alias/cdc-pipeline-dev-cdc-key\n", "arn:aws:iam::123456789012:role/cdc-preflight\n",
	} {
		require.Contains(t, on.String(), arn)
	}
	for _, not := range []string{"*", "REGION", "ACCOUNT", "retail-trans", "dms-src", "retail_trans"} {
		require.NotContains(t, on.String(), not)
	}
	for _, key := range []string{"{aws:RequestedRegion string us-east-1}", "{iam:PassedToService string lambda.amazonaws.com}", "{iam:PassedToService string dms.us-east-1.amazonaws.com}", "{kms:GrantIsForAWSResource boolean true}"} {
		require.Contains(t, given.String(), key)
	}
	require.True(t, actions["rds:CreateDBCluster"] && actions["ec2:CreateVpc"] && actions["kms:CreateKey"])
	require.False(t, actions[createLinkedRole], "asked for where a role is absent")
	require.False(t, actions["ec2:CreateFlowLogs"], "dev has none")
}

func TestPermissionsForWhatIsAdoptedAreNotAskedFor(t *testing.T) {
	s := takenOver(t)
	all, err := s.questions(t.Context())
	require.NoError(t, err)
	for _, q := range all {
		for _, a := range q.actions {
			require.Falsef(t, strings.HasPrefix(a, "rds:") || a == "ec2:CreateVpc" || a == "ec2:CreateSubnet" || a == "kms:CreateKey", "%s is not needed", a)
		}
	}
}

func TestADenialSaysWhoseItIs(t *testing.T) {
	s := made(t)
	s.answer("iam:SimulatePrincipalPolicy", simulated(map[string]string{
		"ec2:CreateVpc":         tag("EvalDecision", "implicitDeny") + "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>",
		"ec2:CreateSubnet":      tag("EvalDecision", "explicitDeny"),
		"es:CreateDomain":       tag("EvalDecision", "implicitDeny") + items("ResourceSpecificResults", "member", tag("EvalResourceName", "arn:aws:es:x")+tag("EvalResourceDecision", "implicitDeny"), tag("EvalResourceName", "arn:aws:es:y")+tag("EvalResourceDecision", "allowed")),
		"kms:CreateKey":         tag("EvalDecision", "implicitDeny") + "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>",
		"ec2:CreateVpcEndpoint": tag("EvalDecision", "implicitDeny") + items("MissingContextValues", "member", "aws:SourceIp"),
	}))
	f, err := s.lookAt(t, "account/permissions")
	require.NoError(t, err)
	require.False(t, f.OK)
	for _, line := range []string{
		"ec2:CreateVpc (a service control policy of the organization)", "ec2:CreateSubnet (denied by a policy)",
		"es:CreateDomain on arn:aws:es:x", "kms:CreateKey (the permissions boundary)",
	} {
		require.Contains(t, f.Found, line)
	}
	require.NotContains(t, f.Found, "arn:aws:es:y")
	require.NotContains(t, f.Found, "CreateVpcEndpoint", "not denied: not known")
}

func TestPoliciesThatWantToKnowMoreAreNotKnown(t *testing.T) {
	s := made(t)
	s.answer("iam:SimulatePrincipalPolicy", simulated(map[string]string{"ec2:CreateVpc": tag("EvalDecision", "implicitDeny") + items("MissingContextValues", "member", "aws:SourceIp")}))
	r := s.run(t)["account/permissions"]
	require.Equal(t, Unchecked, r.Outcome)
	require.Contains(t, r.Found, "conditions that a simulation does not know: ec2:CreateVpc (aws:SourceIp)")
}

func TestThePrincipalIsTheRoleBehindASession(t *testing.T) {
	identity := func(arn string) func(request) answer {
		return said(`<R><GetCallerIdentityResult><Account>123456789012</Account><Arn>` + arn + `</Arn></GetCallerIdentityResult></R>`)
	}
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:user/me":                       "arn:aws:iam::123456789012:user/me",
		"arn:aws:sts::123456789012:assumed-role/deployer/session": "arn:aws:iam::123456789012:role/teams/deployer",
		"arn:aws:iam::123456789012:root":                          root,
	} {
		s := made(t)
		s.answer("sts:GetCallerIdentity", identity(arn))
		got, err := s.principal(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	s := made(t)
	s.answer("iam:GetRole", refused(http.StatusForbidden, "AccessDenied"))
	got, err := s.principal(t.Context())
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::123456789012:role/deployer", got, "the session tells the name")
	s = made(t)
	s.answer("sts:GetCallerIdentity", identity("arn:aws:sts::123456789012:federated-user/me"))
	_, err = s.principal(t.Context())
	require.ErrorContains(t, err, "cannot simulate the policies")
	s = made(t)
	s.answer("sts:GetCallerIdentity", identity("arn:aws:iam::123456789012:root"))
	f, err := s.lookAt(t, "account/permissions")
	require.NoError(t, err)
	require.Equal(t, "the root user may do everything; deploy as another user", f.Found)
	require.NotContains(t, strings.Join(s.aws.asked, " "), "Simulate")
}

func TestRolesThatExistAreUsed(t *testing.T) {
	s := made(t)
	s.answer("iam:GetRole", roleThatTrusts("dms-vpc-role", "dms.amazonaws.com"))
	s.answer("iam:ListRoles", said(`<R><ListRolesResult>`+items("Roles", "member", tag("RoleName", "AWSServiceRoleForX"))+`</ListRolesResult></R>`))
	s.answer("iam:SimulatePrincipalPolicy", simulated(map[string]string{createLinkedRole: tag("EvalDecision", "implicitDeny")}))
	results := s.run(t)
	require.Equal(t, "exists, and trusts dms.amazonaws.com", results["account/dms-vpc-role"].Found)
	require.Equal(t, "will be made", results["account/dms-cloudwatch-logs-role"].Found)
	require.Equal(t, "AWSServiceRoleForX exists", results["account/rds-linked-role"].Found)
}

func TestTrustIsReadInAllItsForms(t *testing.T) {
	for document, want := range map[string][]string{
		`{"Statement":{"Effect":"Allow","Principal":{"Service":["a.com","b.com"]},"Action":["sts:TagSession","sts:AssumeRole"]}}`:                                                   {"a.com", "b.com"},
		`{"Statement":[{"Effect":"Deny","Principal":{"Service":"a.com"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`:                  nil,
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"1"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":{"Service":"c.com"},"Action":"sts:AssumeRoleWithSAML"}]}`: nil,
	} {
		got, err := trusted(document)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestReservedConcurrencyLeavesAHundred(t *testing.T) {
	s := made(t)
	s.Config.Search.Current.ReservedConcurrency = 50
	s.answer("lambda:GetAccountSettings", said(`{"AccountLimit":{"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":140}}`))
	f, err := s.lookAt(t, "quota/concurrency")
	require.NoError(t, err)
	require.Equal(t, "concurrent executions of functions: 860 of 900 in use, 50 more needed", f.Found)
	s.State.resources = []resource{{Type: "aws:lambda/function:Function", Inputs: map[string]any{"reservedConcurrentExecutions": 20.0}}}
	f, err = s.lookAt(t, "quota/concurrency")
	require.NoError(t, err)
	require.Equal(t, Finding{OK: true, Found: "860 of 900 in use, 30 more needed"}, f, "20 are reserved already")
}

func TestShardsAreCountedWhereTheyAreProvisioned(t *testing.T) {
	s := made(t)
	s.Config.Stream.Shards = 8
	s.answer("kinesis:DescribeLimits", said(`{"ShardLimit":20,"OpenShardCount":13,"OnDemandStreamCount":1,"OnDemandStreamCountLimit":50}`))
	f, err := s.lookAt(t, "quota/streams")
	require.NoError(t, err)
	require.False(t, f.OK)
	require.Contains(t, f.Found, "13 of 20 in use, 8 more needed")
}

func TestInstancesCountInTheirFamilysQuota(t *testing.T) {
	s := made(t)
	instance := func(typ, more string) string {
		return tag("instanceType", typ) + "<cpuOptions><coreCount>4</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>" + more
	}
	s.answer("ec2:DescribeInstances", said(`<R><reservationSet><item>`+items("instancesSet", "item",
		instance("m7i.2xlarge", ""), instance("g5.2xlarge", ""), instance("c7g.2xlarge", tag("instanceLifecycle", "spot")))+`</item></reservationSet></R>`))
	s.answer("servicequotas:GetServiceQuota", func(r request) answer {
		require.Contains(t, r.body, "L-1216C47A")
		return answer{body: `{"Quota":{"Value":9.0}}`}
	})
	f, err := s.lookAt(t, "quota/vcpus")
	require.NoError(t, err)
	require.Equal(t, "vCPUs of running on-demand instances: 8 of 9 in use, 2 more needed", f.Found)
	require.Equal(t, []string{"L-1216C47A", "L-7295265B", "L-DB2E81BA", "L-F7808C92"}, []string{familyOf("t4g.nano"), familyOf("x2gd.medium"), familyOf("g5g.xlarge"), familyOf("hpc7g.4xlarge")})
}

func TestNATGatewaysCountInTheFullestZone(t *testing.T) {
	s := made(t)
	gateway := func(subnet, state string) string {
		return tag("subnetId", "subnet-0000000"+subnet) + tag("state", state)
	}
	s.answer("ec2:DescribeNatGateways", said(`<R>`+items("natGatewaySet", "item", gateway("a", "available"), gateway("a", "deleted"), gateway("b", "available"), gateway("b", "pending"))+`</R>`))
	f, err := s.lookAt(t, "quota/nat-gateways")
	require.NoError(t, err)
	require.Equal(t, "2 of 5 in use, 1 more needed", f.Found)
}

func TestADefaultRouteMakesEndpointsUnnecessary(t *testing.T) {
	s := takenOver(t)
	s.answer("ec2:DescribeVpcEndpoints", said(`<R/>`))
	s.answer("ec2:DescribeRouteTables", said(tablesAnswer("nat-1")))
	results := s.run(t)
	require.Equal(t, "every subnet has a default route", results["vpc/endpoints"].Found)
	require.Equal(t, Passed, results["vpc/endpoint-access"].Outcome)
	s = takenOver(t)
	s.answer("ec2:DescribeVpcEndpoints", said(`<R/>`))
	s.answer("ec2:DescribeRouteTables", said(tablesAnswer("igw-1")))
	require.Contains(t, s.run(t)["vpc/endpoints"].Found, "no default route in subnet-0000000a, subnet-0000000b", "private addresses cannot use an internet gateway")
}

func TestAServerlessTaskNeedsEndpointsBesideADefaultRoute(t *testing.T) {
	s := takenOver(t)
	s.Config.Replication = config.Replication{Kind: config.Serverless}
	s.answer("ec2:DescribeRouteTables", said(tablesAnswer("nat-1")))
	results := s.run(t)
	require.Equal(t, "VPC endpoints for kinesis-streams, secretsmanager and s3", results["vpc/endpoints"].Found)
	require.Equal(t, "the endpoints' security groups admit the subnets", results["vpc/endpoint-access"].Found)

	s = takenOver(t)
	s.Config.Replication = config.Replication{Kind: config.Serverless}
	s.answer("ec2:DescribeRouteTables", said(tablesAnswer("nat-1")))
	s.answer("ec2:DescribeVpcEndpoints", said(endpointsAnswer("kinesis-streams", "ssm", "s3")))
	f, err := s.lookAt(t, "vpc/endpoints")
	require.NoError(t, err)
	require.Equal(t, "vpc-01234567: a serverless task needs VPC endpoints, and there is no VPC endpoint for kinesis-streams, s3 (gateway, in rtb-1)", f.Found)
	require.Len(t, f.Type, 2)
}

func TestSubnetsMustExistInTheVPCAndHaveRoom(t *testing.T) {
	s := takenOver(t)
	s.answer("ec2:DescribeSubnets", said(strings.Replace(strings.Replace(subnetsAnswer("a"), "250", "11", 1), "vpc-01234567", "vpc-other", 1)))
	f, err := s.lookAt(t, "vpc/subnets")
	require.NoError(t, err)
	require.Equal(t, "network.privateSubnetIds: subnet-0000000b does not exist; subnet-0000000a is in vpc-other; subnet-0000000a has 11 free addresses, but needs 23; all are in us-east-1a, but DMS and Aurora need two zones", f.Found)
}

func TestAGroupOfAnotherVPCIsRefused(t *testing.T) {
	s := takenOver(t)
	s.answer("ec2:DescribeSecurityGroups", func(r request) answer {
		return answer{body: groupAnswer(r.form.Get("Filter.1.Value.1"), "vpc-other", "0.0.0.0/0")}
	})
	require.Contains(t, s.run(t)["adopted/database-group"].Found, "sg-0000000d is in vpc-other, not in network.vpcId")
	s.answer("ec2:DescribeSecurityGroups", said(`<R/>`))
	f, err := s.lookAt(t, "adopted/database-group")
	require.NoError(t, err)
	require.Contains(t, f.Found, "sg-0000000d does not exist")
}

func TestAVPCThatIsAbsentIsSaid(t *testing.T) {
	s := takenOver(t)
	s.answer("ec2:DescribeVpcAttribute", refused(http.StatusBadRequest, "InvalidVpcID.NotFound"))
	require.Equal(t, "network.vpcId: vpc-01234567 is not in this account and region", s.run(t)["vpc/dns"].Found)
}

func TestKeysOfOtherKindsAreRefused(t *testing.T) {
	for metadata, want := range map[string]string{
		`"KeyState":"PendingDeletion"`: "is scheduled for deletion",
		`"KeyState":"Unavailable"`:     "the key is Unavailable",
		`"KeyState":"Enabled","KeySpec":"RSA_2048","KeyUsage":"ENCRYPT_DECRYPT"`:                             "RSA_2048",
		`"KeyState":"Enabled","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","KeyManager":"AWS"`: "managed by AWS",
	} {
		s := takenOver(t)
		s.answer("kms:DescribeKey", said(`{"KeyMetadata":{`+metadata+`}}`))
		f, err := s.lookAt(t, "adopted/key")
		require.NoError(t, err)
		require.Contains(t, f.Found, want)
	}
}

func TestAnswersOfSeveralPagesAreReadToTheEnd(t *testing.T) {
	s := made(t)
	calls := 0
	s.answer("es:ListVersions", func(request) answer {
		calls++
		if calls == 1 {
			return answer{body: `{"Versions":["OpenSearch_1.3"],"NextToken":"x"}`}
		}
		return answer{body: `{"Versions":["OpenSearch_2.19"]}`}
	})
	s.answer("ec2:DescribeVpcs", func(r request) answer {
		if r.form.Get("NextToken") == "" {
			return answer{body: `<R>` + items("vpcSet", "item", tag("vpcId", "vpc-1")) + tag("nextToken", "more") + `</R>`}
		}
		return answer{body: `<R>` + items("vpcSet", "item", tag("vpcId", "vpc-2"), tag("vpcId", "vpc-3")) + `</R>`}
	})
	results := s.run(t)
	require.Equal(t, Passed, results["offer/search-version"].Outcome)
	require.Equal(t, "3 of 5 in use, 1 more needed", results["quota/vpcs"].Found)
}

func TestATimeoutIsUnknown(t *testing.T) {
	s := made(t)
	s.Tool = func(context.Context, ...string) (string, error) { return "v3.276.0", nil }
	s.answer("kinesis:DescribeLimits", func(request) answer { return answer{status: http.StatusInternalServerError, code: "InternalFailure"} })
	require.Equal(t, Unchecked, s.run(t)["quota/streams"].Outcome)
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, err := Run(ctx, s.Stack, Options{})
	require.ErrorIs(t, err, context.DeadlineExceeded, "of whoever asked")
}

func TestWordsAreQuotedForAShell(t *testing.T) {
	for word, want := range map[string]string{"plain/word-1": "plain/word-1", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'"} {
		require.Equal(t, want, Quoted(word))
	}
}

func TestStateKnowsWhatIsThere(t *testing.T) {
	s, err := ParseState([]byte(`{"version":3,"deployment":{"resources":[
		{"type":"pulumi:pulumi:Stack","outputs":{"accountId":"123456789012"}},
		{"type":"aws:kinesis/stream:Stream","inputs":{"name":"one"}},{"type":"aws:kinesis/stream:Stream","inputs":{"name":"gone"},"delete":true}]}}`))
	require.NoError(t, err)
	require.True(t, s.Deployed)
	require.Equal(t, "123456789012", s.Account)
	require.Equal(t, 1, s.count("aws:kinesis/stream:Stream"))
	require.True(t, s.owns("aws:kinesis/stream:Stream", "name", "one"))
	require.False(t, s.owns("aws:kinesis/stream:Stream", "name", "gone"))
	s, err = ParseState([]byte(`{"version":3,"deployment":{"manifest":{}}}`))
	require.NoError(t, err)
	require.False(t, s.Deployed)
	_, err = ParseState([]byte(`hunter2`))
	require.ErrorContains(t, err, "update the pulumi CLI")
	require.NotContains(t, err.Error(), "hunter2")
}
