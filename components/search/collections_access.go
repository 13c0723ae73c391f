package search

import (
	"cdcpipeline/internal/footprint"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Permissions of a data access policy,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html#serverless-operations.
const (
	createIndex   = "aoss:CreateIndex"
	describeIndex = "aoss:DescribeIndex"
	updateIndex   = "aoss:UpdateIndex"
	deleteIndex   = "aoss:DeleteIndex"
	readDocument  = "aoss:ReadDocument"
	writeDocument = "aoss:WriteDocument"
	createItems   = "aoss:CreateCollectionItems"
	describeItems = "aoss:DescribeCollectionItems"
	updateItems   = "aoss:UpdateCollectionItems"
	deleteItems   = "aoss:DeleteCollectionItems"
)

// dataRules are permissions on a collection and on its indices.
func dataRules(collection string, p Permissions) ([]collectionRule, error) {
	var rules []collectionRule
	if len(p.Cluster) > 0 {
		rules = append(rules, collectionRule{ResourceType: "collection", Resource: []string{"collection/" + collection}, Permission: p.Cluster})
	}
	for _, indices := range p.Indices {
		rule := collectionRule{ResourceType: "index", Permission: indices.Actions}
		for _, pattern := range indices.Patterns {
			rule.Resource = append(rule.Resource, "index/"+collection+"/"+pattern)
		}
		rules = append(rules, rule)
	}
	for _, rule := range rules {
		if i := slices.IndexFunc(rule.Permission, func(of string) bool { return !strings.HasPrefix(of, "aoss:") || strings.Contains(of, "*") }); i >= 0 {
			return nil, fmt.Errorf("%s is no permission of a data access policy: name those of collections one by one, such as %s", rule.Permission[i], readDocument)
		}
	}
	return rules, nil
}

// admit lets an IAM role act in a collection through a data access policy of its own. It returns the resource that
// the role's user must wait for.
func (c *Collections) admit(to *collection, name string, roleArn pulumi.StringInput, p Permissions) (pulumi.Resource, error) {
	if name == "" || roleArn == nil {
		return nil, errors.New("admitting a role to a collection needs a name and the ARN of the role")
	}
	rules, err := dataRules(to.name, p)
	if err != nil {
		return nil, fmt.Errorf("admitting %s to the collection %s: %w", name, to.name, err)
	}
	policy := roleArn.ToStringOutput().ApplyT(func(arn string) (string, error) {
		return collectionPolicy([]object{{"Rules": rules, "Principal": []string{arn}}})
	}).(pulumi.StringOutput)
	return c.dataPolicy(c.ctx, name, footprint.CollectionPolicy(c.prefix, name), policy)
}

func (c *Collections) dataPolicy(ctx *pulumi.Context, name, called string, policy pulumi.StringInput) (pulumi.Resource, error) {
	made, err := opensearch.NewServerlessAccessPolicy(ctx, c.name+"-"+name, &opensearch.ServerlessAccessPolicyArgs{
		Name: pulumi.String(called), Type: pulumi.String("data"), Policy: policy,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("making the data access policy of %s: %w", name, err)
	}
	return made, nil
}

// operate gives the deployer and search.operators the permissions for deploying and operating. These are fewer than
// those of a domain's master user, who may do everything.
func (c *Collections) operate(ctx *pulumi.Context, p *collectionsPlan) (pulumi.Resource, error) {
	deployer, err := c.deployer(ctx)
	if err != nil {
		return nil, err
	}
	principals := append([]string{deployer}, p.Operators...)
	slices.Sort(principals)
	c.operators = slices.Compact(principals)
	c.Operators = pulumi.ToStringArray(c.operators).ToStringArrayOutput()
	entry := object{"Description": "Deployment and operation", "Rules": p.operatorRules(), "Principal": c.operators}
	policy, err := collectionPolicy([]object{entry})
	if err != nil {
		return nil, err
	}
	return c.dataPolicy(ctx, "operators", p.CollectionName, pulumi.String(policy))
}

// operateHistory gives them the history of a named source: see [collectionsPlan.operatorRules].
func (c *Collections) operateHistory(source, index string) error {
	policy, err := collectionPolicy([]object{{
		"Description": "Operation of " + source, "Principal": c.operators, "Rules": []collectionRule{historyRule(c.history.name, index)},
	}})
	if err != nil {
		return err
	}
	_, err = c.dataPolicy(c.ctx, "operators-"+source, footprint.CollectionPolicy(c.prefix, "operators-"+source), pulumi.String(policy))
	return err
}

// historyRule allows what operators do with a history index. They search, count and compare changes. cdc erase
// deletes a row's changes. cdc replay --history writes missing changes, and the first of them creates the index.
// Nobody may delete the index.
func historyRule(collection, index string) collectionRule {
	return collectionRule{
		ResourceType: "index", Resource: []string{"index/" + collection + "/" + index},
		Permission: []string{createIndex, describeIndex, updateIndex, readDocument, writeDocument},
	}
}

// operatorRules returns the permissions by purpose.
func (p *collectionsPlan) operatorRules() []collectionRule {
	return []collectionRule{
		// Templates belong to the deployment. cdc epoch switches the aliases that show the tables' epochs. Dashboards
		// are stored as items.
		{
			ResourceType: "collection", Resource: p.collections(),
			Permission: []string{createItems, describeItems, updateItems, deleteItems},
		},
		historyRule(p.historyCollection(), p.HistoryIndex),
		// Rows are searched and compared. cdc replay writes them again, and cdc erase writes what remains of them. A new
		// epoch creates an index (and adds columns to it); the removal of an old epoch deletes one.
		{
			ResourceType: "index", Resource: []string{"index/" + p.currentCollection() + "/" + CurrentIndices},
			Permission: []string{createIndex, describeIndex, updateIndex, deleteIndex, readDocument, writeDocument},
		},
	}
}

var (
	// principal matches the ARNs that a data access policy accepts, among those of possible deployers,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-syntax.
	principal = regexp.MustCompile(`^arn:[a-z-]+:iam::[0-9]+:(role|user)/`)
	// session matches an assumed role. Its ARN contains the role's name, but not its path.
	session = regexp.MustCompile(`^arn:[a-z-]+:sts::[0-9]+:assumed-role/([^/]+)/`)
)

// deployer is the IAM role or user of this program.
func (c *Collections) deployer(ctx *pulumi.Context) (string, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(c))
	if err != nil {
		return "", fmt.Errorf("looking up who deploys: %w", err)
	}
	c.account = caller.AccountId
	if assumed := session.FindStringSubmatch(caller.Arn); assumed != nil {
		role, err := iam.LookupRole(ctx, &iam.LookupRoleArgs{Name: assumed[1]}, pulumi.Parent(c))
		if err != nil {
			return "", fmt.Errorf("looking up the role that deploys, %s, which needs iam:GetRole on itself: %w", assumed[1], err)
		}
		return role.Arn, nil
	}
	if !principal.MatchString(caller.Arn) {
		return "", fmt.Errorf("search.kind: %s deploys, and a collection admits roles and users of IAM alone: deploy as one of them", caller.Arn)
	}
	return caller.Arn, nil
}
