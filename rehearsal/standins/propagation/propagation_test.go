package propagation

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// late is an active delay with a time that the test advances.
func late() (d *Delay, pass func(time.Duration)) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	d = New()
	d.now = func() time.Time { return now }
	d.Switch(true)
	return d, func(by time.Duration) { now = now.Add(by) }
}

func call(service, name, body string) *controlplane.Call {
	return &controlplane.Call{Action: controlplane.Action{Service: service, Name: name}, RequestBody: []byte(body)}
}

func requireRefused(t *testing.T, err error, message string) {
	t.Helper()
	var refused *controlplane.Error
	require.True(t, errors.As(err, &refused), "%v", err)
	require.Contains(t, refused.Message, message)
}

const domain = `{"DomainName":"d","VPCOptions":{},"LogPublishingOptions":{"AUDIT_LOGS":{"CloudWatchLogsLogGroupArn":"arn:group"}}}`

func TestADomainIsRefusedUntilItsRoleAndItsLogsPolicyAreSeen(t *testing.T) {
	d, pass := late()
	try := func() error { _, err := d.domain(t.Context(), call("es", "CreateDomain", domain)); return err }
	requireRefused(t, try(), "must enable a service-linked role")
	require.NoError(t, d.roleMade(t.Context(), call("iam", "CreateServiceLinkedRole", "AWSServiceName=opensearchservice.amazonaws.com")))
	requireRefused(t, try(), "must enable a service-linked role")
	pass(Unseen)
	requireRefused(t, try(), "log group arn:group does not grant sufficient permissions")
	require.NoError(t, d.policyPut(t.Context(), nil))
	requireRefused(t, try(), "arn:group")
	pass(Unseen)
	require.NoError(t, try())
	require.Len(t, d.Refused(), 4)
	require.Empty(t, d.Refused(), "told once")
}

func TestAClusterIsRefusedUntilItsRoleIsSeen(t *testing.T) {
	d, pass := late()
	try := func() error { _, err := d.cluster(t.Context(), call("rds", "CreateDBCluster", "")); return err }
	requireRefused(t, try(), "Unable to create the resource")
	require.NoError(t, d.roleMade(t.Context(), call("iam", "CreateServiceLinkedRole", "AWSServiceName=rds.amazonaws.com")))
	pass(Unseen - time.Millisecond)
	requireRefused(t, try(), "Unable to create the resource")
	pass(time.Millisecond)
	require.NoError(t, try())
}

func TestAStreamIsBeingMadeForAWhile(t *testing.T) {
	d, pass := late()
	require.NoError(t, d.streamMade(t.Context(), call("kinesis", "CreateStream", `{"StreamName":"s"}`)))
	status := func() string {
		c := call("kinesis", "DescribeStreamSummary", "")
		c.ResponseBody = []byte(`{"StreamDescriptionSummary":{"StreamName":"s","StreamStatus":"ACTIVE"}}`)
		require.NoError(t, d.describeStream(t.Context(), c))
		var answer struct {
			StreamDescriptionSummary struct{ StreamStatus string }
		}
		require.NoError(t, json.Unmarshal(c.ResponseBody, &answer))
		return answer.StreamDescriptionSummary.StreamStatus
	}
	require.Equal(t, "CREATING", status())
	pass(Creating)
	require.Equal(t, "ACTIVE", status())
}

func TestNothingIsDelayedUnlessSwitchedOn(t *testing.T) {
	d := New()
	_, err := d.domain(t.Context(), call("es", "CreateDomain", domain))
	require.NoError(t, err)
	_, err = d.cluster(t.Context(), call("rds", "CreateDBCluster", ""))
	require.NoError(t, err)
}
