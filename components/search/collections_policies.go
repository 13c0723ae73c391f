package search

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// collectionRule is one rule of a policy of OpenSearch Serverless,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-syntax.
type collectionRule struct {
	ResourceType      string   `json:"ResourceType"`
	Resource          []string `json:"Resource"`
	Permission        []string `json:"Permission,omitempty"`
	MinIndexRetention string   `json:"MinIndexRetention,omitempty"`
}

// collections are both collections, as policies name them.
func (p *collectionsPlan) collections() []string {
	return []string{"collection/" + p.historyCollection(), "collection/" + p.currentCollection()}
}

// encryption uses one customer-managed key,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-encryption.html.
func (c *Collections) encryption(ctx *pulumi.Context, p *collectionsPlan) (pulumi.Resource, error) {
	policy := p.KmsKeyArn.ToStringOutput().ApplyT(func(key string) (string, error) {
		return collectionPolicy(object{
			"Rules": []collectionRule{{ResourceType: "collection", Resource: p.collections()}}, "AWSOwnedKey": false, "KmsARN": key,
		})
	}).(pulumi.StringOutput)
	made, err := opensearch.NewServerlessSecurityPolicy(ctx, p.name+"-encryption", &opensearch.ServerlessSecurityPolicyArgs{
		Name: pulumi.String(p.CollectionName), Type: pulumi.String("encryption"), Policy: policy,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("making the encryption policy of the collections: %w", err)
	}
	return made, nil
}

// network is an endpoint inside the VPC, and a policy that admits only its traffic, to indices and dashboards,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-network.html.
func (c *Collections) network(ctx *pulumi.Context, p *collectionsPlan) (pulumi.Resource, error) {
	endpoint, err := opensearch.NewServerlessVpcEndpoint(ctx, p.name+"-endpoint", &opensearch.ServerlessVpcEndpointArgs{
		Name: pulumi.String(p.CollectionName), VpcId: p.VpcID, SubnetIds: p.SubnetIDs, SecurityGroupIds: pulumi.StringArray{p.SecurityGroupID},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("making the endpoint of the collections: %w", err)
	}
	policy := endpoint.ID().ApplyT(func(id pulumi.ID) (string, error) {
		return collectionPolicy([]object{{
			"Rules": []collectionRule{
				{ResourceType: "collection", Resource: p.collections()}, {ResourceType: "dashboard", Resource: p.collections()},
			},
			"AllowFromPublic": false, "SourceVPCEs": []string{string(id)},
		}})
	}).(pulumi.StringOutput)
	made, err := opensearch.NewServerlessSecurityPolicy(ctx, p.name+"-network", &opensearch.ServerlessSecurityPolicyArgs{
		Name: pulumi.String(p.CollectionName), Type: pulumi.String("network"), Policy: policy,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("making the network policy of the collections: %w", err)
	}
	return made, nil
}

// retention deletes the history's documents. AWS does so by best effort: within 48 hours or a tenth of the retention,
// whichever is longer,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-lifecycle.html.
func (c *Collections) retention(ctx *pulumi.Context, p *collectionsPlan) (pulumi.Resource, error) {
	policy, err := collectionPolicy(object{"Rules": []collectionRule{{
		ResourceType: "index", Resource: []string{"index/" + p.historyCollection() + "/*"}, MinIndexRetention: fmt.Sprintf("%dd", p.HistoryRetentionDays),
	}}})
	if err != nil {
		return nil, err
	}
	made, err := opensearch.NewServerlessLifecyclePolicy(ctx, p.name+"-retention", &opensearch.ServerlessLifecyclePolicyArgs{
		Name: pulumi.String(p.CollectionName), Type: pulumi.String("retention"), Policy: pulumi.String(policy),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("making the retention of the history: %w", err)
	}
	return made, nil
}

// collectionPolicy renders a policy as JSON.
func collectionPolicy(policy any) (string, error) {
	text, err := json.Marshal(policy)
	if err != nil {
		return "", fmt.Errorf("writing a policy of the collections: %w", err)
	}
	return string(text), nil
}
