package search

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Service is what requests to the target are signed for: es for a domain, aoss for a collection.
func (t Target) Service() string { return t.backend().service() }

// AdmitReader lets an IAM role search the indices behind an alias of the current state, and nothing else, and gives what must exist before the
// role does. The role needs a policy besides, by which its requests come through to the target.
func (t Target) AdmitReader(name string, roleArn pulumi.StringInput, alias string) (pulumi.Resource, error) {
	if alias == "" {
		return nil, errors.New("admitting a reader needs the alias that is read")
	}
	return t.Grant.Admit(name, roleArn, t.backend().readPermissions(alias))
}
