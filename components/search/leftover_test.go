package search

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestALeftoverIsNamedByItsPath(t *testing.T) {
	const template, policy = tokens.Type("opensearch:index/composableIndexTemplate:ComposableIndexTemplate"), tokens.Type("opensearch:index/ismPolicy:IsmPolicy")
	there := "elastic: Error 400 (Bad Request): index template [orders] already exists [type=illegal_argument_exception]"
	failed := func(typ tokens.Type, operation string, errors ...string) *pulumi.ErrorHookArgs {
		return &pulumi.ErrorHookArgs{
			Type: typ, FailedOperation: operation, Errors: errors,
			NewInputs: resource.NewPropertyMapFromMap(map[string]any{"name": "orders", "policyId": "orders"}),
		}
	}
	require.Equal(t, "/_index_template/orders", leftover(failed(template, "create", there)))
	require.Equal(t, "/_plugins/_ism/policies/orders", leftover(failed(policy, "create", "elastic: Error 409 (Conflict): [orders]: version conflict, required seqNo differs [type=version_conflict_engine_exception]")))
	for name, args := range map[string]*pulumi.ErrorHookArgs{
		"another error":          failed(template, "create", "connection refused"),
		"another operation":      failed(template, "delete", there),
		"another kind":           failed("opensearch:index/role:Role", "create", there),
		"again and again":        failed(template, "create", there, there, there, there),
		"a name that is unknown": {Type: template, FailedOperation: "create", Errors: []string{there}},
	} {
		require.Empty(t, leftover(args), name)
	}
}
