package search_test

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	key        = "arn:aws:kms:us-east-1:123456789012:key/k"
	domainType = "aws:opensearch/domain:Domain"
)

func domainArgs(env config.Environment) *search.DomainArgs {
	return &search.DomainArgs{
		Environment:     env,
		SubnetIDs:       []pulumi.StringInput{pulumi.String("a"), pulumi.String("b"), pulumi.String("c")},
		SecurityGroupID: pulumi.String("group-1"),
		KmsKeyArn:       pulumi.String(key),
	}
}

func runDomain(t *testing.T, a *search.DomainArgs) *componenttest.Recorder {
	t.Helper()
	return componenttest.Run(t, func(ctx *pulumi.Context) error {
		linked, err := search.NewServiceLinkedRole(ctx, "linked", &search.ServiceLinkedRoleArgs{})
		if err != nil {
			return err
		}
		a.ServiceLinkedRole = linked
		_, err = search.NewDomain(ctx, "search", a)
		return err
	})
}

func section(t *testing.T, r componenttest.Registered, name string) map[string]any {
	t.Helper()
	m, ok := r.Input(name).(map[string]any)
	require.True(t, ok, name)
	return m
}

func TestDomainRefusesMissingArguments(t *testing.T) {
	for _, a := range []*search.DomainArgs{nil, {}, {Search: config.Search{AvailabilityZones: 2, InstanceCount: 2}}} {
		_, err := componenttest.Try(func(ctx *pulumi.Context) error {
			_, err := search.NewDomain(ctx, "search", a)
			return err
		})
		require.ErrorContains(t, err, "search.")
	}
}

func TestDomainUsesAsManySubnetsAsZones(t *testing.T) {
	for env, want := range map[config.Environment]int{config.Dev: 1, config.Prod: 3} {
		domain := runDomain(t, domainArgs(env)).One(t, domainType)
		require.Len(t, section(t, domain, "vpcOptions")["subnetIds"], want)
		require.Equal(t, want > 1, section(t, domain, "clusterConfig")["zoneAwarenessEnabled"])
	}
}

func TestDomainIsEncryptedEverywhere(t *testing.T) {
	domain := runDomain(t, domainArgs(config.Dev)).One(t, domainType)
	require.Equal(t, map[string]any{"enabled": true, "kmsKeyId": key}, section(t, domain, "encryptAtRest"))
	require.Equal(t, true, section(t, domain, "nodeToNodeEncryption")["enabled"])
	require.Equal(t, map[string]any{
		"enforceHttps": true, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
	}, section(t, domain, "domainEndpointOptions"))
}

func TestDomainAdmitsRequestsToItselfOnly(t *testing.T) {
	domain := runDomain(t, domainArgs(config.Dev)).One(t, domainType)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["es:ESHttp*"],
		"Resource":["arn:aws:es:us-east-1:123456789012:domain/retail-trans/*"]}]}`, domain.Input("accessPolicies").(string))
}

func TestDomainWaitsForTheLinkedRoleAndItsLogPolicy(t *testing.T) {
	dependsOn := strings.Join(runDomain(t, domainArgs(config.Dev)).One(t, domainType).DependsOn, " ")
	require.Contains(t, dependsOn, "serviceLinkedRole")
	require.Contains(t, dependsOn, "logResourcePolicy")
}

func TestOnlyProdIsProtectedAndTuned(t *testing.T) {
	dev, prod := runDomain(t, domainArgs(config.Dev)).One(t, domainType), runDomain(t, domainArgs(config.Prod)).One(t, domainType)
	require.False(t, dev.Protect)
	require.True(t, prod.Protect)
	require.Nil(t, dev.Input("autoTuneOptions"), "burstable instances cannot be tuned")
	require.NotNil(t, prod.Input("autoTuneOptions"))
}

func TestDomainAndSecretHoldOnePassword(t *testing.T) {
	a := domainArgs(config.Dev)
	a.PasswordGeneration = 2
	r := runDomain(t, a)
	options := section(t, r.One(t, domainType), "advancedSecurityOptions")["masterUserOptions"]
	require.Equal(t, map[string]any{"masterUserName": "admin", "masterUserPassword": "generated"}, options)
	version := r.One(t, "aws:secretsmanager/secretVersion:SecretVersion")
	require.JSONEq(t, `{"username":"admin","password":"generated"}`, version.Input("secretString").(string))
	require.Empty(t, version.IgnoreChanges)
	require.Contains(t, strings.Join(version.DependsOn, " "), "domain:Domain")
	require.Equal(t, map[string]any{"generation": "2"}, section(t, r.One(t, "random:index/randomPassword:RandomPassword"), "keepers"))
}

func TestDomainLogsAreEncryptedUnderOnePolicy(t *testing.T) {
	r := runDomain(t, domainArgs(config.Dev))
	groups := r.All("aws:cloudwatch/logGroup:LogGroup")
	require.Len(t, groups, 4)
	for _, group := range groups {
		require.Equal(t, key, group.Input("kmsKeyId"))
	}
	policy := r.One(t, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy").Input("policyDocument")
	require.Contains(t, policy, `"aws:SourceArn":["arn:aws:es:us-east-1:123456789012:domain/retail-trans"]`)
}

func TestLinkedRoleIsNeverOwned(t *testing.T) {
	role := runDomain(t, domainArgs(config.Dev)).One(t, "aws:iam/serviceLinkedRole:ServiceLinkedRole")
	require.True(t, role.RetainOnDelete)
	require.Equal(t, []string{"*", "tags", "tagsAll"}, role.IgnoreChanges)
	require.Empty(t, role.ID)
}

func TestLinkedRoleThatExistsIsImported(t *testing.T) {
	r := componenttest.Run(t, func(ctx *pulumi.Context) error {
		_, err := search.NewServiceLinkedRole(ctx, "linked", &search.ServiceLinkedRoleArgs{})
		return err
	}, componenttest.Answer{Token: "aws:iam/getRoles:getRoles", Value: map[string]any{"names": []any{"n"}, "arns": []any{"arn:found"}}})
	require.Equal(t, "arn:found", r.One(t, "aws:iam/serviceLinkedRole:ServiceLinkedRole").ID)
}
