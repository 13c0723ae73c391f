package provider

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

func TestAWriterSaysAllThatItLacks(t *testing.T) {
	problems := inLanguages(t).refused(deliveryToken, inputs{"kmsKeyArn": keyArn, "search": inputs{"historyRetentionDays": -1}, "backupBucket": "lake"})
	require.Contains(t, problems["access"], "give the search.Access of a domain, or the search.Collections as collections")
	require.Contains(t, problems["streamArn"], "is missing")
	require.Contains(t, problems["roleArn"], "is missing")
	require.Contains(t, problems["backupBucket"], "did you mean backupBucketArn?")
	require.Contains(t, problems, "search.historyRetentionDays")
}

func TestAWriterHasOnePlace(t *testing.T) {
	both := inputs{"access": itself(accessToken, "access"), "collections": itself(collectionsToken, "collections")}
	for _, token := range []string{deliveryToken, rowsToken, canaryToken} {
		require.Contains(t, inLanguages(t).refused(token, both)["access"], "and not both", token)
	}
}

func TestAComponentIsHandedOverItself(t *testing.T) {
	for _, wrong := range []any{"urn:pulumi:stack::project::cdcpipeline:search:Access::access", itself(collectionsToken, "access"), inputs{}} {
		problems := inLanguages(t).refused(deliveryToken, inputs{"access": wrong})
		require.Equal(t, "is no cdcpipeline:search:Access: give the component itself, and not one of its outputs", problems["access"])
	}
	problems := inLanguages(t).refused(deliveryToken, inputs{"access": resource.MakeComputed(resource.NewProperty(""))})
	require.Contains(t, problems["access"], "is an output that is not known yet")
}

func TestATunnelNeedsABastion(t *testing.T) {
	problems := inLanguages(t).refused(accessToken, inputs{"domain": itself("cdcpipeline:search:Domain", "search"), "search": inputs{"volumeGb": 1}})
	require.Contains(t, problems["bastionInstanceId"], "give its instanceId, or search.reach: direct")
	problems = inLanguages(t).refused(collectionsToken, inputs{"vpcId": "vpc-1"})
	require.Contains(t, problems["bastionInstanceId"], "give its instanceId, or search.reach: direct")
	require.Contains(t, problems["kmsKeyArn"], "is missing")
}

func TestACanarysSectionsAreHeld(t *testing.T) {
	problems := inLanguages(t).refused(canaryToken, inputs{
		"access": itself(accessToken, "access"), "name": "Orders!", "source": inputs{"engine": "postgresql", "binlogRetentionHours": 24}, "lake": inputs{"prefix": "/"},
	})
	require.Contains(t, problems["source.binlogRetentionHours"], "is a setting for MySQL")
	require.Contains(t, problems, "lake.prefix")
	require.Contains(t, problems, "name")
}

func TestAComponentThatIsNotThereIsNamed(t *testing.T) {
	releasedFunctions(t)
	l := inLanguages(t)
	_, err := l.server.Construct(t.Context(), l.request(deliveryToken, "delivery", inputs{
		"access": itself(accessToken, "gone"), "roleArn": "arn:aws:iam::123456789012:role/delivery", "streamArn": streamArn, "backupBucketArn": bucketArn,
		"kmsKeyArn": keyArn, "vpcSubnetIds": []any{"subnet-1"}, "securityGroupId": "sg-1",
	}))
	require.ErrorContains(t, err, "cdcpipeline:search:Access::gone")
}

// What is made in one request has the secret of another.
func TestThePasswordOfADomainStaysASecret(t *testing.T) {
	releasedFunctions(t)
	l := inLanguages(t)
	l.searchedDomain()
	require.True(t, l.recorder.One(t, "pulumi:providers:opensearch", "access").Inputs["password"].IsSecret())
}

// Destroying needs no way into the domain: what one request makes inside of it goes with what another has made.
func TestWhatIsInsideGoesWithTheDomain(t *testing.T) {
	releasedFunctions(t)
	l := inLanguages(t)
	l.searchedDomain()
	domain := string(l.recorder.One(t, "aws:opensearch/domain:Domain").URN())
	provider := l.recorder.One(t, "pulumi:providers:opensearch")
	for _, typ := range []string{"opensearch:index/role:Role", "opensearch:index/rolesMapping:RolesMapping", "opensearch:index/composableIndexTemplate:ComposableIndexTemplate"} {
		all := l.recorder.All(typ)
		require.NotEmpty(t, all)
		for _, r := range all {
			require.Equal(t, domain, r.DeletedWith, r.Name)
			require.Equal(t, []string{domain}, r.ReplaceWith, r.Name)
			require.Equal(t, string(provider.URN())+"::access-id", r.Provider, r.Name)
		}
	}
	mapping := string(l.recorder.One(t, "opensearch:index/rolesMapping:RolesMapping", "access-delivery").URN())
	require.Contains(t, l.recorder.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "delivery").DependsOn, mapping)
}
