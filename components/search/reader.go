package search

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Service is the service name for signing requests: es for a domain, aoss for a collection.
func (t Target) Service() string { return t.backend().service() }

// AdmitReader lets an IAM role search the indices behind an alias of the current state, and nothing else. It returns
// what must exist before the role uses it. The role also needs an IAM policy that lets its requests reach the target.
func (t Target) AdmitReader(name string, roleArn pulumi.StringInput, alias string) (pulumi.Resource, error) {
	if alias == "" {
		return nil, errors.New("admitting a reader needs the alias that is read")
	}
	return t.Grant.Admit(name, roleArn, t.backend().readPermissions(alias))
}
