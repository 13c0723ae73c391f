package preflight

import (
	"cdcpipeline/docs"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// createLinkedRole is checked only if a service-linked role is absent.
const createLinkedRole = "iam:CreateServiceLinkedRole"

// permitted checks that the deployer may do what recorded deployments did. It simulates the policies of
// docs/permissions.md, statement by statement. It leaves out actions that this configuration does not need.
//
// A simulation makes no real call. It covers the principal's own policies, its permissions boundary, and the
// organization's service control policies without conditions. It covers no session policies and no resource policies,
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
	group.SetLimit(4) // IAM limits these calls to few a second
	answers := make([]struct{ denied, unknown []string }, len(questions))
	for i, q := range questions {
		group.Go(func() (err error) {
			answers[i].denied, answers[i].unknown, err = s.simulate(ctx, q)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Finding{}, err //nolint:wrapcheck // simulate names the call
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

// some shortens a long list to its first items.
func some(all []string) string {
	const most = 8
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

// attach returns the commands that give a principal the documented policies.
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
