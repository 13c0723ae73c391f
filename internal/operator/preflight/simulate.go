package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"fmt"
	"net/url"
	"strings"
)

// root is the principal of the root user. It has no policies, so they cannot be simulated.
const root = "root"

// principal returns the ARN whose policies are simulated. It is the user, or the role that was assumed. The ARN of a
// session lacks the path of its role, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
func (s *Stack) principal(ctx context.Context) (string, error) {
	return s.acting.get(func() (string, error) {
		caller, err := s.caller(ctx)
		if err != nil {
			return "", err
		}
		kind, rest, _ := strings.Cut(caller.arn.Resource, "/")
		switch kind {
		case "root":
			return root, nil
		case "user", "role":
			return caller.arn.String(), nil
		case "assumed-role":
			name, _, _ := strings.Cut(rest, "/")
			var role struct {
				Arn string `xml:"GetRoleResult>Role>Arn"`
			}
			err := s.api(awsapi.IAM).Query(ctx, "GetRole", url.Values{"RoleName": {name}}, &role)
			if awsapi.Denied(err) { // assume no path, as most roles have none
				return fmt.Sprintf("arn:%s:iam::%s:role/%s", caller.partition, caller.account, name), nil
			}
			return role.Arn, err
		}
		return "", fmt.Errorf("IAM cannot simulate the policies of %s: deploy as a user or a role", caller.arn)
	})
}

// simulate runs a simulation in IAM,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html. It returns the denied actions,
// each with its resource and the policy that denies it. It also returns the actions whose policies need more context of
// the call.
func (s *Stack) simulate(ctx context.Context, q question) (denied, unknown []string, err error) {
	principal, err := s.principal(ctx)
	if err != nil || principal == root {
		return nil, nil, err
	}
	values := url.Values{"PolicySourceArn": {principal}}
	awsapi.Numbered(values, "ActionNames.member.", q.actions...)
	awsapi.Numbered(values, "ResourceArns.member.", q.resources...)
	for i, key := range q.context {
		entry := fmt.Sprintf("ContextEntries.member.%d.", i+1)
		values.Set(entry+"ContextKeyName", key.name)
		values.Set(entry+"ContextKeyType", key.typ)
		values.Set(entry+"ContextKeyValues.member.1", key.value)
	}
	err = pages(ctx, s.api(awsapi.IAM), "SimulatePrincipalPolicy", "Marker", values, func(page simulation) string {
		for _, r := range page.Results {
			for _, a := range r.answers() {
				switch line := a.line(r.Action); {
				case a.Decision == "allowed":
				case len(a.Missing) > 0 && a.Decision != "explicitDeny":
					unknown = append(unknown, fmt.Sprintf("%s (%s)", line, strings.Join(a.Missing, ", ")))
				default:
					denied = append(denied, line)
				}
			}
		}
		return page.Next
	})
	return denied, unknown, err
}

// simulation is a page of IAM's answer.
type simulation struct {
	Results []evaluation `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member"`
	Next    string       `xml:"SimulatePrincipalPolicyResult>Marker"`
}

type evaluation struct {
	Action      string   `xml:"EvalActionName"`
	Resource    string   `xml:"EvalResourceName"`
	Decision    string   `xml:"EvalDecision"`
	Missing     []string `xml:"MissingContextValues>member"`
	ByOrg       string   `xml:"OrganizationsDecisionDetail>AllowedByOrganizations"`
	ByBoundary  string   `xml:"PermissionsBoundaryDecisionDetail>AllowedByPermissionsBoundary"`
	OnResources []struct {
		Resource   string   `xml:"EvalResourceName"`
		Decision   string   `xml:"EvalResourceDecision"`
		Missing    []string `xml:"MissingContextValues>member"`
		ByBoundary string   `xml:"PermissionsBoundaryDecisionDetail>AllowedByPermissionsBoundary"`
	} `xml:"ResourceSpecificResults>member"`
}

// answers returns the answer for each resource if there are any, else the one for the action.
func (e evaluation) answers() []evaluation {
	if len(e.OnResources) == 0 {
		return []evaluation{e}
	}
	all := make([]evaluation, len(e.OnResources))
	for i, r := range e.OnResources {
		all[i] = evaluation{Resource: r.Resource, Decision: r.Decision, Missing: r.Missing, ByBoundary: r.ByBoundary, ByOrg: e.ByOrg}
	}
	return all
}

// line names a denied action, its resource, and who denies it if not the principal's own policies.
func (e evaluation) line(action string) string {
	if e.Resource != "" && e.Resource != "*" {
		action += " on " + e.Resource
	}
	switch {
	case e.ByOrg == "false":
		action += " (a service control policy of the organization)"
	case e.ByBoundary == "false":
		action += " (the permissions boundary)"
	case e.Decision == "explicitDeny":
		action += " (denied by a policy)"
	}
	return action
}
