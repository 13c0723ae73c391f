package preflight

import (
	"cdcpipeline/docs"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// createLinkedRole is asked for where a linked role is absent, and only there.
const createLinkedRole = "iam:CreateServiceLinkedRole"

// permitted says whether the deployer may do what deployments were recorded to do: the policies of docs/permissions.md,
// statement by statement, less what this configuration never makes.
//
// A simulation is no call: it knows the principal's own policies, its permissions boundary and the service control policies
// without conditions of its organization, but no session policy and no policy of a resource,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html.
func permitted(ctx context.Context, s *Stack) (Finding, error) {
	principal, err := s.principal(ctx)
	if err != nil {
		return Finding{}, err
	}
	if principal == root {
		return good("the root user may do everything; deploy as another user")
	}
	questions, err := s.questions(ctx)
	if err != nil {
		return Finding{}, err
	}
	var denied, unknown []string
	var group errgroup.Group
	group.SetLimit(4) // IAM takes few of these a second
	answers := make([]struct{ denied, unknown []string }, len(questions))
	for i, q := range questions {
		group.Go(func() (err error) {
			answers[i].denied, answers[i].unknown, err = s.simulate(ctx, q)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Finding{}, err //nolint:wrapcheck // simulate says what it asked
	}
	asked := 0
	for i, a := range answers {
		asked += len(questions[i].actions)
		denied, unknown = append(denied, a.denied...), append(unknown, a.unknown...)
	}
	switch denied, unknown = distinct(denied), distinct(unknown); {
	case len(denied) > 0:
		return bad(s.attach(principal), "%s may not call: %s", principal, some(denied))
	case len(unknown) > 0:
		return Finding{}, fmt.Errorf("the policies of %s depend on conditions that a simulation does not know: %s", principal, some(unknown))
	}
	return good("%s may call all %d actions", principal, asked)
}

func distinct(all []string) []string { return slices.Compact(slices.Sorted(slices.Values(all))) }

// some are the first of many.
func some(all []string) string {
	const most = 8
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

// attach are the commands that give a principal the documented policies.
func (s *Stack) attach(principal string) []string {
	kind, name := "role", principal[strings.LastIndex(principal, "/")+1:]
	if strings.Contains(principal, ":user/") {
		kind = "user"
	}
	own := s.identity.value
	policies, err := docs.DeployerPolicies()
	if err != nil || own == nil {
		return nil
	}
	var commands []string
	for i := range policies {
		commands = append(commands, fmt.Sprintf(
			`aws iam create-policy --policy-name cdc-deployer-%d --policy-document "$(sed 's/ACCOUNT/%s/g; s/REGION/%s/g' docs/permissions/deployer-%d.json)" && aws iam attach-%s-policy --%s-name %s --policy-arn arn:%s:iam::%s:policy/cdc-deployer-%d`,
			i+1, own.account, s.AWS.Region, i+1, kind, kind, name, own.partition, own.account, i+1))
	}
	return commands
}
