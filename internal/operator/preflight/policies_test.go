package preflight

import (
	"cdcpipeline/docs"
	"cdcpipeline/policy/iam"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A deployer with the documented policies passes, because preflight asks for nothing else.
func TestTheDocumentedPoliciesAllowWhatIsAskedFor(t *testing.T) {
	for _, values := range []map[string]string{nil, {"environment": "prod"}} {
		s := newScene(t, values)
		var given []iam.Document
		texts, err := docs.DeployerPolicies()
		require.NoError(t, err)
		require.NotEmpty(t, texts)
		for _, text := range texts {
			d, err := iam.Parse(strings.NewReplacer("ACCOUNT", "123456789012", "REGION", "us-east-1").Replace(string(text)))
			require.NoError(t, err)
			given = append(given, d)
		}
		all, err := s.questions(t.Context())
		require.NoError(t, err)
		for _, q := range all {
			context := map[string]string{}
			for _, key := range q.context {
				context[key.name] = key.value
			}
			resources := q.resources
			if len(resources) == 0 {
				resources = []string{"*"} // a simulation without resources uses this
			}
			for _, action := range q.actions {
				for _, resource := range resources {
					decision, err := iam.Evaluate(given, iam.Request{Action: action, Resource: resource, Context: context})
					require.NoError(t, err)
					require.Equalf(t, iam.Allowed, decision, "%s on %s", action, resource)
				}
			}
		}
	}
}
