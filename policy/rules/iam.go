package rules

import (
	"cdcpipeline/policy/iam"
	"cdcpipeline/policy/view"
	"slices"
	"strings"
)

const (
	policyType           = "aws:iam/policy:Policy"
	rolePolicyType       = "aws:iam/rolePolicy:RolePolicy"
	policyAttachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	keyType              = "aws:kms/key:Key"
)

// Permissions is an inline or managed policy that the stack defines.
type Permissions struct {
	Policy view.Of[string] `prop:"policy"`
}

// Attachment attaches a managed policy to a role.
type Attachment struct {
	PolicyArn view.Of[string] `prop:"policyArn"`
}

// Key is a KMS key.
type Key struct {
	Policy            view.Of[string] `prop:"policy"`
	EnableKeyRotation view.Of[bool]   `prop:"enableKeyRotation"`
}

// decryption lists the actions that KMS.1 and KMS.2 allow on named keys only.
var decryption = []string{"kms:Decrypt", "kms:ReEncryptFrom"}

func iamRules() []Rule {
	of := func(control, title string, severity Severity, change, answer string, check func(iam.Document) []Violation) Rule {
		return Rule{
			Name: ruleName(control), Title: title, Severity: severity, Controls: []string{control}, Types: []string{policyType, rolePolicyType},
			Change: change, Unseen: "a policy that cannot be read counts as narrow; the rule reads it before it is made", Default: answer,
			Check: func(r view.Resource) []Violation {
				if r.Type != policyType && r.Type != rolePolicyType {
					return nil
				}
				return readPolicy(view.Decode[Permissions](r.Properties).Policy, check)
			},
		}
	}
	return []Rule{
		of("IAM.1", "Policies do not allow everything", High, "actions and resources by name", "each role has the actions of its one job", everything),
		of("IAM.21", "Policies do not allow all actions of a service", Low, "actions by name", "actions are named", wholeServices),
		{
			Name: "iam-27", Title: "Roles do not have full access to CloudShell", Severity: Medium, Controls: []string{"IAM.27"}, Types: []string{policyAttachmentType},
			Change: "another policy than AWSCloudShellFullAccess", Unseen: "counts as another", Default: "not attached",
			Check: each(policyAttachmentType, func(a Attachment) []Violation {
				arn, _ := a.PolicyArn.Get()
				return broken(strings.HasSuffix(arn, ":policy/AWSCloudShellFullAccess"), "it is attached")
			}),
		},
	}
}

func everything(d iam.Document) []Violation {
	for _, s := range d.Statement {
		if s.Allows() && slices.Contains(s.Action, "*") && slices.Contains(s.Resource, "*") {
			return broken(true, "all actions on all resources are allowed")
		}
	}
	return nil
}

func wholeServices(d iam.Document) []Violation {
	for _, s := range d.Statement {
		for _, action := range s.Action {
			if service, name, _ := strings.Cut(action, ":"); s.Allows() && name == "*" {
				return broken(true, "all actions of %s are allowed", service)
			}
		}
	}
	return nil
}

func kms() []Rule {
	allKeys := func(d iam.Document) []Violation {
		for _, s := range d.Statement {
			for _, action := range decryption {
				// The action * means all actions. IAM.1 checks it together with all resources.
				if s.Allows() && iam.Covers(s.Action, action) && !slices.Contains(s.Action, "*") && slices.ContainsFunc(s.Resource, anyKey) {
					return broken(true, "%s is allowed with every key", action)
				}
			}
		}
		return nil
	}
	of := func(control, typ, kind string) Rule {
		return Rule{
			Name: ruleName(control), Title: kind + " do not decrypt with every key", Severity: Medium, Controls: []string{control}, Types: []string{typ},
			Change: "the ARNs of the keys", Unseen: "a policy that cannot be read counts as narrow; the rule reads it before it is made",
			Default: "roles name the stack's key",
			Check:   each(typ, func(p Permissions) []Violation { return readPolicy(p.Policy, allKeys) }),
		}
	}
	return []Rule{
		of("KMS.1", policyType, "Managed policies"),
		of("KMS.2", rolePolicyType, "Inline policies"),
		{
			Name: "kms-4", Title: "Keys rotate", Severity: Medium, Controls: []string{"KMS.4"}, Types: []string{keyType},
			Change: "enableKeyRotation: true", Unseen: "counts as on", Default: "yearly",
			Check: each(keyType, func(k Key) []Violation {
				return broken(k.EnableKeyRotation.Isnt(true), "enableKeyRotation is %s", k.EnableKeyRotation)
			}),
		},
		{
			Name: "kms-5", Title: "Keys are not public", Severity: Critical, Controls: []string{"KMS.5"}, Types: []string{keyType},
			Change: "no Allow to the principal * without a condition", Unseen: "a policy that cannot be read counts as closed",
			Default: "the account, and services that act for it",
			Check:   each(keyType, func(k Key) []Violation { return readPolicy(k.Policy, open("kms:Decrypt", "kms:GenerateDataKey")) }),
		},
	}
}

// anyKey reports whether a resource pattern matches keys without naming one.
func anyKey(pattern string) bool {
	return pattern == "*" || strings.HasSuffix(pattern, ":key/*") || strings.HasSuffix(pattern, ":alias/*")
}
