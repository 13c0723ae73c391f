package config

import (
	"fmt"
	"regexp"
)

// ofCollections returns the keys that only collections have.
func (s Search) ofCollections() []setKey {
	return []setKey{
		{"search.collectionName", s.CollectionName != ""},
		{"search.standbyReplicas", s.StandbyReplicas != nil},
		{"search.operators", len(s.Operators) > 0},
		{"search.gatewayPort", s.GatewayPort != 0},
	}
}

// validateCollections checks the settings of OpenSearch Serverless collections.
func (s Search) validateCollections(p *problems) {
	p.matches("search.collectionName", s.CollectionName, collectionName, "3 to 24 lower-case letters, digits and hyphens, and must begin with a letter ([a-z][a-z0-9-]{2,23})")
	s.validateOperators(p)
	p.between("search.gatewayPort", s.GatewayPort, 1024, 65535, "(lower ports need privileges)")
}

var (
	collectionName = regexp.MustCompile(`^[a-z][a-z0-9-]{2,23}$`)
	// collectionIndex matches index names that a policy can contain:
	// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_LifecyclePolicyResourceIdentifier.html.
	collectionIndex = regexp.MustCompile(`^[a-z;0-9&$%][+.~=\-_a-z;0-9&$%]*$`)
	operator        = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+$`)
	session         = regexp.MustCompile(`^arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/`)
)

// mostOperators limits the ARNs in a policy. The policy also names the deployer. A policy has at most 20,480
// characters
// (https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_CreateAccessPolicy.html), and
// an ARN up to 600.
const mostOperators = 20

// validateOperators checks that each operator is an IAM role or user, because a data access policy can name these:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-syntax.
func (s Search) validateOperators(p *problems) {
	const key = "search.operators"
	if len(s.Operators) > mostOperators {
		p.add(key, "has %d entries: name at most %d, for example one role that all operators assume", len(s.Operators), mostOperators)
	}
	p.distinct(key, s.Operators)
	for i, arn := range s.Operators {
		at := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case arn == "": // distinct reports it
		case session.MatchString(arn):
			p.add(at, "%q is the session of a role: give the role itself, arn:aws:iam::<account>:role/<path and name>", arn)
		default:
			p.matches(at, arn, operator, "the full ARN of an IAM role or user, arn:aws:iam::<account>:role/<name>, without wildcards")
		}
	}
}
