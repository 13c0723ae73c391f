package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/footprint"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// account checks what the account must have and what the deployer may do in it.
func account(s *Stack) []Check {
	all := []Check{look{"account/permissions", permitted}}
	for _, role := range footprint.AccountRoles {
		all = append(all, accountRole{role})
	}
	if s.makesDomain() {
		all = append(all, linkedRole{"account/opensearch-linked-role", footprint.SearchService})
	} else {
		all = append(all, linkedRole{"account/opensearch-serverless-linked-role", footprint.CollectionsService})
	}
	if s.makesDatabase() {
		all = append(all, linkedRole{"account/rds-linked-role", footprint.DatabaseService})
	}
	if s.replicates(config.Serverless) {
		all = append(all, linkedRole{"account/dms-linked-role", footprint.ReplicationService})
	}
	return all
}

// identity says who the credentials belong to.
type identity struct {
	arn                arn.ARN
	account, partition string
}

func (s *Stack) caller(ctx context.Context) (*identity, error) {
	return s.identity.get(func() (*identity, error) {
		if s.CannotCall != nil {
			return nil, s.CannotCall
		}
		if s.AWS.Region == "" {
			return nil, errNoRegion
		}
		out, err := sts.NewFromConfig(s.AWS).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, fmt.Errorf("asking AWS whose credentials these are: %w", err)
		}
		parsed, err := arn.Parse(aws.ToString(out.Arn))
		if err != nil {
			return nil, fmt.Errorf("AWS names the caller %s: %w", aws.ToString(out.Arn), err)
		}
		return &identity{parsed, aws.ToString(out.Account), parsed.Partition}, nil
	})
}

var errNoRegion = errors.New("no region is set")

// credentials checks that there are credentials, and that the stack may be in their account. Without them nothing can
// be deployed.
type credentials struct{}

func (credentials) Name() string { return "account/credentials" }

func (credentials) Look(ctx context.Context, s *Stack) (Finding, error) {
	caller, err := s.caller(ctx)
	switch {
	case errors.Is(err, errNoRegion):
		return bad([]string{"pulumi config set" + s.flag() + " aws:region us-east-1"}, "no region is set")
	case err != nil:
		login := "aws sso login"
		if profile := s.Settings["profile"]; profile != "" {
			login += " --profile " + Quoted(profile)
		}
		return bad([]string{login}, "%s: log in, or set aws:profile or AWS_PROFILE", oneLine(err.Error()))
	case s.State.Account != "" && s.State.Account != caller.account:
		return bad([]string{"pulumi config set" + s.flag() + " aws:profile NAME"}, "the stack is in account %s, but your credentials are for %s", s.State.Account, caller.account)
	}
	allowed, forbidden := accounts(s.Settings["allowedAccountIds"]), accounts(s.Settings["forbiddenAccountIds"])
	if len(allowed) > 0 && !slices.Contains(allowed, caller.account) || slices.Contains(forbidden, caller.account) {
		return bad([]string{"pulumi config set" + s.flag() + " aws:profile NAME"},
			"aws:allowedAccountIds and aws:forbiddenAccountIds do not admit account %s, which your credentials are for", caller.account)
	}
	return good("%s", caller.arn)
}

// accounts parses a list of account ids. Some ids may be numbers, because `pulumi config set --path` writes digits as a
// number. The provider itself refuses text that is not a list.
func accounts(text string) (ids []string) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var values []any
	_ = d.Decode(&values)
	for _, v := range values {
		ids = append(ids, fmt.Sprint(v))
	}
	return ids
}

// accountRole checks a role of the account. The role may be absent, because the deployment makes it then. An existing
// role must let its service assume it. The program attaches the policy.
type accountRole struct{ footprint footprint.AccountRole }

func (r accountRole) Name() string { return "account/" + r.footprint.Name }

func (r accountRole) Look(ctx context.Context, s *Stack) (Finding, error) {
	name := r.footprint.Name
	var found struct {
		Trust string `xml:"GetRoleResult>Role>AssumeRolePolicyDocument"`
	}
	err := s.api(awsapi.IAM).Query(ctx, "GetRole", url.Values{"RoleName": {name}}, &found)
	if awsapi.Is(err, "NoSuchEntity") {
		return good("will be made")
	}
	if err != nil {
		return Finding{}, err
	}
	services, err := trusted(found.Trust)
	if err != nil {
		return Finding{}, fmt.Errorf("reading the trust policy of the role %s: %w", name, err)
	}
	if slices.Contains(services, r.footprint.Service) {
		return good("exists, and trusts %s", r.footprint.Service)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, r.footprint.Service)
	return bad([]string{s.cli("iam update-assume-role-policy --role-name %s --policy-document %s", name, Quoted(policy))},
		"exists, but trusts %s, so DMS cannot assume it", orNobody(services))
}

func orNobody(names []string) string {
	if len(names) == 0 {
		return "no service"
	}
	return strings.Join(names, ", ")
}

// trusted returns the services that may assume a role. IAM returns the role's policy with URL encoding,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html.
func trusted(document string) ([]string, error) {
	text, err := url.QueryUnescape(document)
	if err != nil {
		return nil, fmt.Errorf("decoding the policy: %w", err)
	}
	var policy struct {
		Statement list[struct {
			Effect    string
			Principal json.RawMessage
			Action    list[string]
		}]
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	var services []string
	for _, statement := range policy.Statement {
		var principal struct{ Service list[string] }
		assumes := slices.ContainsFunc(statement.Action, func(a string) bool { return a == "sts:AssumeRole" || a == "sts:*" || a == "*" })
		if statement.Effect == "Allow" && assumes && json.Unmarshal(statement.Principal, &principal) == nil {
			services = append(services, principal.Service...)
		}
	}
	return services, nil
}

// list is a list in IAM's policy language. A single value may stand without brackets,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(text []byte) error {
	var one T
	if json.Unmarshal(text, &one) == nil {
		*l = list[T]{one}
		return nil
	}
	return json.Unmarshal(text, (*[]T)(l)) //nolint:wrapcheck // the error of the whole document names it
}

// linkedRole checks that a service-linked role exists or that the deployer may make it.
type linkedRole struct{ name, service string }

func (r linkedRole) Name() string { return r.name }

func (r linkedRole) Look(ctx context.Context, s *Stack) (Finding, error) {
	var found struct {
		Names []string `xml:"ListRolesResult>Roles>member>RoleName"`
	}
	if err := s.api(awsapi.IAM).Query(ctx, "ListRoles", url.Values{"PathPrefix": {footprint.LinkedRolePath(r.service)}}, &found); err != nil {
		return Finding{}, err
	}
	if len(found.Names) > 0 {
		return good("%s exists", found.Names[0])
	}
	caller, err := s.caller(ctx)
	if err != nil {
		return Finding{}, err
	}
	denied, unknown, err := s.simulate(ctx, question{
		actions:   []string{createLinkedRole},
		resources: []string{fmt.Sprintf("arn:%s:iam::%s:role%s*", caller.partition, caller.account, footprint.LinkedRolePath(r.service))},
		context:   []contextKey{{"iam:AWSServiceName", "string", r.service}},
	})
	switch {
	case err != nil:
		return Finding{}, err
	case len(denied) > 0:
		return bad([]string{s.cli("iam create-service-linked-role --aws-service-name %s", r.service)},
			"is absent, and the deployer has no permission to make it (%s): ask somebody with the permission to run this", denied[0])
	case len(unknown) > 0:
		return Finding{}, fmt.Errorf("is absent, and it is unknown whether the deployer may make it: %s", unknown[0])
	}
	return good("will be made")
}
