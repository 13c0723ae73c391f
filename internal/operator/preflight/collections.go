package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/naming"
	"context"
	"fmt"
	"strings"
)

const collectionType = "aws:opensearch/serverlessCollection:ServerlessCollection"

// collectionsAreFree checks that the names of the collections are unused, or used by this stack. Collection names are
// unique in an account and region.
func collectionsAreFree(ctx context.Context, s *Stack) (Finding, error) {
	var asked []string
	names := footprint.Collections(s.Config.Search.CollectionName)
	for _, name := range names {
		if !s.State.owns(collectionType, "name", name) {
			asked = append(asked, name)
		}
	}
	if len(asked) == 0 {
		return good("%s are this stack's", strings.Join(names, " and "))
	}
	var found struct {
		CollectionDetails []struct{ Name string }
	}
	if err := s.api(awsapi.Serverless).JSON(ctx, "BatchGetCollection", map[string]any{"names": asked}, &found); err != nil {
		return Finding{}, err
	}
	if len(found.CollectionDetails) == 0 {
		return good("%s are free", strings.Join(asked, " and "))
	}
	const most = 24 // search.collectionName allows as many characters
	return bad([]string{s.set("search.collectionName", naming.Fit(most, s.Config.Search.CollectionName, "2"))}, "search.collectionName: the name %s is taken", found.CollectionDetails[0].Name)
}

// collectionPolicy is a policy with a name from the stack. It says how to find the policy, and how to delete one that
// was left behind.
type collectionPolicy struct {
	typ, name, action, remove string
	request                   map[string]any
}

func (s *Stack) collectionPolicies() []collectionPolicy {
	const (
		guard     = "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"
		access    = "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy"
		retention = "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy"
	)
	name := s.Config.Search.CollectionName
	get := func(typ, action, kind, name string) collectionPolicy {
		return collectionPolicy{
			typ, name, action, fmt.Sprintf("delete-%s-policy --type %s --name %s", strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(action, "Get"), "Policy")), kind, name),
			map[string]any{"type": kind, "name": name},
		}
	}
	all := []collectionPolicy{
		get(guard, "GetSecurityPolicy", "encryption", name), get(guard, "GetSecurityPolicy", "network", name), get(access, "GetAccessPolicy", "data", name),
		{
			retention, name, "BatchGetLifecyclePolicy", "delete-lifecycle-policy --type retention --name " + name,
			map[string]any{"identifiers": []any{map[string]string{"type": "retention", "name": name}}},
		},
	}
	for _, f := range s.Config.Feeds() {
		parts := footprint.Parts(f.Name)
		all = append(all, get(access, "GetAccessPolicy", "data", footprint.CollectionPolicy(name, parts+footprint.CollectionsDelivery)))
		if s.Config.Search.Current.On() {
			all = append(all, get(access, "GetAccessPolicy", "data", footprint.CollectionPolicy(name, parts+footprint.CollectionsCurrent)))
		}
		if f.Canary && s.Config.Search.Serverless() {
			all = append(all, get(access, "GetAccessPolicy", "data", footprint.CollectionPolicy(name, parts+footprint.Canary)))
		}
	}
	return all
}

// collectionPoliciesAreFree checks that the policies' names are unused, or used by this stack. AWS keeps the policies
// when a collection is deleted.
func collectionPoliciesAreFree(ctx context.Context, s *Stack) (Finding, error) {
	var taken, commands []string
	all, own := s.collectionPolicies(), 0
	for _, p := range all {
		if s.State.owns(p.typ, "name", p.name) {
			own++
			continue
		}
		var found struct{ LifecyclePolicyDetails []struct{ Name string } }
		exists, err := absent(s.api(awsapi.Serverless).JSON(ctx, p.action, p.request, &found), "ResourceNotFoundException")
		if err != nil {
			return Finding{}, err
		}
		if p.action == "BatchGetLifecyclePolicy" {
			exists = len(found.LifecyclePolicyDetails) > 0
		}
		if exists {
			taken = append(taken, p.name)
			commands = append(commands, s.cli("opensearchserverless %s", p.remove))
		}
	}
	switch {
	case len(taken) > 0:
		return bad(commands, "left by an earlier deployment: %s", strings.Join(distinct(taken), ", "))
	case own == len(all):
		return good("all %d are this stack's", len(all))
	}
	return good("all %d are free or this stack's", len(all))
}

// onCollections asks about actions that docs/permissions.md does not record. A deployment of collections calls some of
// them. AWS calls others as the deployer, to make and delete the collections' endpoint
// (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-vpc.html) and to grant itself the
// key (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-encryption.html).
func (s *Stack) onCollections(caller *identity, principal string) []question {
	if !s.Config.Search.On(config.OnCollections) {
		return nil
	}
	region := []contextKey{{"aws:RequestedRegion", "string", s.AWS.Region}}
	grant := []contextKey{{"kms:GrantIsForAWSResource", "boolean", "true"}}
	var own []question
	if strings.Contains(principal, ":role/") { // the data access policy needs the role's path, which a session's ARN lacks
		own = []question{{actions: []string{"iam:GetRole"}, resources: []string{principal}}}
	}
	return append(own, []question{
		{actions: []string{
			"aoss:BatchGetCollection", "aoss:BatchGetLifecyclePolicy", "aoss:BatchGetVpcEndpoint", "aoss:CreateAccessPolicy", "aoss:CreateCollection",
			"aoss:CreateLifecyclePolicy", "aoss:CreateSecurityPolicy", "aoss:CreateVpcEndpoint", "aoss:DeleteAccessPolicy", "aoss:DeleteCollection",
			"aoss:DeleteLifecyclePolicy", "aoss:DeleteSecurityPolicy", "aoss:DeleteVpcEndpoint", "aoss:GetAccessPolicy", "aoss:GetSecurityPolicy",
			"aoss:ListTagsForResource", "aoss:TagResource", "aoss:UpdateAccessPolicy", "aoss:UpdateLifecyclePolicy", "aoss:UpdateSecurityPolicy",
			"ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
			"ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs", "ec2:ModifyVpcEndpoint",
			"route53:AssociateVPCWithHostedZone", "route53:ChangeResourceRecordSets", "route53:CreateHostedZone", "route53:DeleteHostedZone",
			"route53:GetChange", "route53:GetHostedZone", "route53:ListHostedZonesByName", "route53:ListHostedZonesByVPC", "route53:ListResourceRecordSets",
			"kms:DescribeKey",
		}, context: region},
		{actions: []string{"kms:CreateGrant"}, context: grant},
		{
			actions:   []string{"aoss:APIAccessAll", "aoss:DashboardsAccessAll"}, // templates use the first, people use both
			resources: []string{fmt.Sprintf("arn:%s:aoss:%s:%s:collection/preflight", caller.partition, s.AWS.Region, caller.account)},
		},
	}...)
}
