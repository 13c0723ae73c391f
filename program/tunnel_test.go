package program

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/port"
	"cdcpipeline/internal/tunnel"
	"net"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// open opens the tunnel of a stack with this `aws:*` configuration.
func open(t *testing.T, search config.Search, preview bool, aws map[string]string) (opened *tunnel.Tunnel, err error) {
	t.Helper()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	failed := pulumi.RunErr(func(ctx *pulumi.Context) error {
		opened, err = openTunnel(ctx, search.WithDefaults(config.Dev))
		return nil
	}, pulumi.WithMocks("project", "stack", &componenttest.Recorder{}), func(info *pulumi.RunInfo) {
		info.DryRun, info.Config = preview, aws
	})
	require.NoError(t, failed)
	if opened != nil {
		t.Cleanup(func() { _ = opened.Close() })
	}
	return opened, err
}

// taken is a port on which somebody listens.
func taken(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// free is a port on which nobody listens, nor will while the test runs.
func free(t *testing.T) int {
	t.Helper()
	held, err := port.Hold()
	require.NoError(t, err)
	t.Cleanup(held.Release)
	return held.Number
}

func TestATunnelListensOnItsPortAndConnectsToNothing(t *testing.T) {
	port := free(t)
	listening, err := open(t, config.Search{TunnelPort: port}, true, nil)
	require.NoError(t, err)
	require.Equal(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1).To4(), Port: port}, &net.TCPAddr{IP: listening.Addr().IP.To4(), Port: listening.Addr().Port})
	require.Zero(t, listening.Sessions())
}

func TestTheNextProgramOfTheProcessTakesTheTunnelOver(t *testing.T) {
	port := free(t)
	first, err := open(t, config.Search{TunnelPort: port}, false, nil)
	require.NoError(t, err)
	second, err := open(t, config.Search{TunnelPort: port}, false, nil)
	require.NoError(t, err)
	require.Same(t, first, second)
}

func TestATakenPortFailsAnUpAndNotAPreview(t *testing.T) {
	port := taken(t)
	opened, err := open(t, config.Search{TunnelPort: port}, true, nil)
	require.NoError(t, err)
	require.Nil(t, opened)

	_, err = open(t, config.Search{TunnelPort: port}, false, nil)
	require.ErrorContains(t, err, "search.tunnelPort: ")
}

func TestThereIsNoTunnelToADomainThatIsReachedDirectly(t *testing.T) {
	opened, err := open(t, config.Search{Reach: config.ReachDirect}, false, map[string]string{"aws:maxRetries": "many"})
	require.NoError(t, err)
	require.Nil(t, opened)
}

func TestTheTunnelTakesTheProvidersConfiguration(t *testing.T) {
	_, err := open(t, config.Search{TunnelPort: free(t)}, false, map[string]string{"aws:maxRetries": "many"})
	require.ErrorContains(t, err, "aws:maxRetries")
}
