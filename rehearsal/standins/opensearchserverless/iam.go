package opensearchserverless

import (
	"cdcpipeline/rehearsal/permissions/document"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// apiAccess is the permission that every call needs besides a data access policy,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/security-iam-serverless.html#security_iam_id-based-policy-examples-data-plane.
const apiAccess = "aoss:APIAccessAll"

// fresh is how long a role's policies are cached, because a load makes many requests per second.
const fresh = time.Second

// roles are the callers' identity-based policies. Boundaries, sessions and organisations are ignored.
type roles struct {
	client *iam.Client
	user   User

	mu    sync.Mutex
	known map[string]said
}

type said struct {
	at         time.Time
	statements []statement
}

// statement of a role's policy, as far as it is evaluated here.
type statement struct {
	Effect                 string
	Action, Resource       texts
	NotAction, NotResource texts
	Condition              map[string]any
}

// texts is one text, or a list.
type texts []string

// UnmarshalJSON reads either.
func (t *texts) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = texts{one}
		return nil
	}
	var many []string
	err := json.Unmarshal(text, &many)
	*t = many
	return err //nolint:wrapcheck // the decoder names the position
}

func newRoles(cfg aws.Config, user User) *roles {
	return &roles{client: iam.NewFromConfig(cfg), user: user, known: map[string]said{}}
}

// allows reports whether a role's policies allow [apiAccess] on a collection. Statements that it cannot evaluate
// must not allow anything. So a condition counts as not met, and it ignores a statement with NotAction or
// NotResource.
func (r *roles) allows(ctx context.Context, role, collection string) (bool, error) {
	if role == r.user.Arn {
		return r.user.Allow(apiAccess, collection) == nil, nil
	}
	statements, err := r.of(ctx, role)
	if err != nil {
		return false, err
	}
	allowed := false
	for _, s := range statements {
		applies := slices.ContainsFunc(s.Action, func(a string) bool { return document.Matches(strings.ToLower(a), strings.ToLower(apiAccess)) }) &&
			slices.ContainsFunc(s.Resource, func(one string) bool { return document.Matches(one, collection) })
		if applies && s.Effect == "Deny" {
			return false, nil
		}
		allowed = allowed || applies && s.Effect == "Allow" && len(s.Condition) == 0
	}
	return allowed, nil
}

func (r *roles) of(ctx context.Context, role string) ([]statement, error) {
	r.mu.Lock()
	kept, ok := r.known[role]
	r.mu.Unlock()
	if ok && time.Since(kept.at) < fresh {
		return kept.statements, nil
	}
	statements, err := r.read(ctx, role[strings.LastIndex(role, "/")+1:])
	if err != nil {
		return nil, fmt.Errorf("reading the policies of %s: %w", role, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[role] = said{time.Now(), statements}
	return statements, nil
}

// read returns a role's inline and attached policies.
//
//nolint:wrapcheck // of names the role
func (r *roles) read(ctx context.Context, name string) ([]statement, error) {
	var documents []*string
	within, err := r.client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &name})
	if err != nil {
		return nil, err
	}
	for _, policy := range within.PolicyNames {
		out, err := r.client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
		if err != nil {
			return nil, err
		}
		documents = append(documents, out.PolicyDocument)
	}
	attached, err := r.client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	if err != nil {
		return nil, err
	}
	for _, policy := range attached.AttachedPolicies {
		found, err := r.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: policy.PolicyArn})
		if err != nil {
			return nil, err
		}
		out, err := r.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: policy.PolicyArn, VersionId: found.Policy.DefaultVersionId})
		if err != nil {
			return nil, err
		}
		documents = append(documents, out.PolicyVersion.Document)
	}
	var all []statement
	for _, text := range documents {
		statements, err := parse(aws.ToString(text))
		if err != nil {
			return nil, err
		}
		all = append(all, statements...)
	}
	return all, nil
}

func parse(text string) ([]statement, error) {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return nil, fmt.Errorf("reading a policy: %w", err)
	}
	var policy struct{ Statement []statement }
	if err := json.Unmarshal([]byte(plain), &policy); err != nil {
		return nil, fmt.Errorf("reading a policy: %w", err)
	}
	return policy.Statement, nil
}
