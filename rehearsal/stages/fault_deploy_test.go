package stages

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAResourceThatAWSHasDeletedAlreadyIsFound(t *testing.T) {
	const urn = "urn:pulumi:rehearsal::cdc-pipeline::cdcpipeline:observability:Observability$aws:cloudwatch/dashboard:Dashboard::dashboard"
	failed := "destroy failed:\n    error: deleting " + urn + ": 1 error occurred:\n" +
		"    \t* deleting CloudWatch Dashboard (one): operation error CloudWatch: DeleteDashboards, https response error StatusCode: 404, RequestID: 1, " +
		"ResourceNotFound: The specified dashboard does not exist. [one]\n\nResources:\n    2 errored"
	require.Equal(t, urn, alreadyDeleted.FindStringSubmatch(failed)[1])
	require.False(t, alreadyDeleted.MatchString("error: deleting urn:pulumi:a::b::c::d: 1 error occurred:\n\t* deleting Subnet: DependencyViolation: has dependencies"))
}
