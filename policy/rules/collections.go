package rules

import (
	"cdcpipeline/policy/view"
	"encoding/json"
	"regexp"
	"strings"
)

const (
	collectionType       = "aws:opensearch/serverlessCollection:ServerlessCollection"
	collectionAccessType = "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy"
	collectionGuardType  = "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"
)

// Collection is a collection of OpenSearch Serverless.
type Collection struct {
	StandbyReplicas view.Of[string] `prop:"standbyReplicas"`
}

// CollectionPolicy is a policy of collections: encryption, network or data.
type CollectionPolicy struct {
	Type   view.Of[string] `prop:"type"`
	Policy view.Of[string] `prop:"policy"`
}

// collectionEntry is an entry of such a policy of any kind.
type collectionEntry struct {
	Rules []struct {
		ResourceType         string
		Resource, Permission []string
	}
	Principal       []string
	AllowFromPublic bool
	SourceVPCEs     []string
	AWSOwnedKey     bool
	KmsARN          string
}

// collections returns the rules for OpenSearch Serverless. Security Hub has no controls for it.
func collections() []Rule {
	return []Rule{
		{
			Name: "collections-are-encrypted", Title: "Collections are encrypted with a key of the account", Severity: Medium, Types: []string{collectionGuardType},
			Change: "KmsARN in the encryption policy, and AWSOwnedKey false; it replaces the collection", Unseen: "counts as encrypted with it", Default: "the stack's key",
			Check: each(collectionGuardType, ofKind("encryption", ownKey)),
		},
		{
			Name: "collections-are-closed", Title: "Only a VPC endpoint reaches collections", Severity: Critical, Types: []string{collectionGuardType},
			Change: "AllowFromPublic: false and SourceVPCEs in every entry of the network policy", Unseen: "counts as closed",
			Default: "an endpoint in the stack's VPC, for indices and dashboards", Check: each(collectionGuardType, ofKind("network", private)),
		},
		{
			Name: "collections-admit-by-name", Title: "Data access policies name the roles and users that they admit, and the indices", Severity: High, Types: []string{collectionAccessType},
			Change: "ARNs of IAM roles or users as principals, single permissions instead of aoss:*, and resources that name a collection and begin to name an index",
			Unseen: "counts as names", Default: "a policy for each writer, one for the deployer and search.operators", Check: each(collectionAccessType, ofKind("data", byName)),
		},
		{
			Name: "collections-have-standbys", Title: "Collections have standby replicas in other zones", Severity: Medium, Types: []string{collectionType},
			Change: "standbyReplicas: ENABLED (search.standbyReplicas); it replaces the collection", Unseen: "counts as on",
			Default: "prod: on; dev: off, an exception",
			Check: each(collectionType, func(c Collection) []Violation {
				return broken(!c.StandbyReplicas.Unset() && c.StandbyReplicas.Isnt("ENABLED"), "standbyReplicas is %s", c.StandbyReplicas) // default: on
			}),
		},
	}
}

// ofKind checks the entries of each known policy of one kind. An encryption policy is a single entry and no list.
func ofKind(kind string, check func(collectionEntry) []Violation) func(CollectionPolicy) []Violation {
	return func(p CollectionPolicy) []Violation {
		text, known := p.Policy.Get()
		if !known || !p.Type.Is(kind) {
			return nil
		}
		if kind == "encryption" {
			text = "[" + text + "]"
		}
		var entries []collectionEntry
		if err := json.Unmarshal([]byte(text), &entries); err != nil {
			return broken(true, "the pack cannot read the policy: %v", err)
		}
		var found []Violation
		for _, entry := range entries {
			found = append(found, check(entry)...)
		}
		return found
	}
}

func ownKey(e collectionEntry) []Violation {
	return broken(e.AWSOwnedKey || e.KmsARN == "", "the key belongs to AWS")
}

func private(e collectionEntry) []Violation {
	return append(
		broken(e.AllowFromPublic, "AllowFromPublic is true"),
		broken(!e.AllowFromPublic && len(e.SourceVPCEs) == 0, "it names no VPC endpoint")...)
}

var (
	roleOrUser = regexp.MustCompile(`^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*?]+$`)
	namedItem  = regexp.MustCompile(`^collection/[a-z][a-z0-9-]+$`)
	namedIndex = regexp.MustCompile(`^index/[a-z][a-z0-9-]+/[^*]+\*?$`)
)

func byName(e collectionEntry) []Violation {
	var found []Violation
	for _, principal := range e.Principal {
		found = append(found, broken(!roleOrUser.MatchString(principal), "%s is not the name of a role or user", principal)...)
	}
	for _, rule := range e.Rules {
		for _, permission := range rule.Permission {
			found = append(found, broken(strings.Contains(permission, "*"), "it gives %s", permission)...)
		}
		for _, resource := range rule.Resource {
			found = append(found, broken(!namedItem.MatchString(resource) && !namedIndex.MatchString(resource), "it is for %s", resource)...)
		}
	}
	return found
}

// admitted looks for a data access policy that names the role of a delivery into a collection. The delivery must
// depend on it.
func admitted(s view.Stack, r view.Resource, d Delivery) []Violation {
	roles := s.Referred(r, "opensearchserverlessConfiguration", roleType)
	found := broken(true, "no data access policy admits its role")
	for _, policy := range s.OfType(collectionAccessType) {
		role, known := d.Collection.RoleArn.Get()
		text, seen := view.Decode[CollectionPolicy](policy.Properties).Policy.Get()
		names := known && seen && strings.Contains(text, `"`+role+`"`)
		for _, role := range roles {
			names = names || s.Refers(policy, "policy", role)
		}
		switch {
		case !names:
		case s.WaitsFor(r, policy):
			return nil
		default:
			found = broken(true, "it does not wait for the data access policy %s, so its first documents are refused", policy.Name)
		}
	}
	return found
}

// loopback matches URLs on this machine. A gateway forwards such requests and verifies the certificate.
var loopback = regexp.MustCompile(`^http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/|$)`)
