package pack

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// CaptureVariable is the environment variable with the name of a capture file. If it is set, the pack writes the
// stack there (package capture).
const CaptureVariable = "CDC_POLICY_CAPTURE"

// Main serves the pack to the engine that started this process, until the engine ends it.
func Main() error {
	port, done, err := Serve(os.Getenv(CaptureVariable), time.Now)
	if err != nil {
		return err
	}
	// In the plugin protocol the first line of output is the port.
	fmt.Println(port)
	return <-done
}

// Serve serves the pack on a loopback port. If captureFile is not empty, the pack writes the stack there.
func Serve(captureFile string, now func() time.Time) (int, <-chan error, error) {
	s := &settings{captureFile: captureFile, now: now}
	inner, err := serveInner(s)
	if err != nil {
		return 0, nil, err
	}
	conn, err := grpc.NewClient(inner, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return 0, nil, fmt.Errorf("connecting to the policies: %w", err)
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(server *grpc.Server) error {
		pulumirpc.RegisterAnalyzerServer(server, &front{inner: pulumirpc.NewAnalyzerClient(conn), settings: s})
		return nil
	}})
	if err != nil {
		return 0, nil, fmt.Errorf("serving the policy pack: %w", err)
	}
	return handle.Port, handle.Done, nil
}

// serveInner starts policyx's server and reads its port from its output.
func serveInner(s *settings) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("starting the policies: %w", err)
	}
	defer r.Close()
	stdout := os.Stdout
	os.Stdout = w
	failed := make(chan error, 1)
	go func() {
		failed <- policyx.Main(newPack(s))
		w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	os.Stdout = stdout
	if err != nil {
		return "", fmt.Errorf("starting the policies: %w: %w", err, <-failed)
	}
	return net.JoinHostPort("127.0.0.1", strings.TrimSpace(line)), nil
}

// front forwards requests from the engine to policyx and reads the configuration itself. policyx passes the
// configuration only to rules of single resources, and ignores unknown keys.
type front struct {
	pulumirpc.UnimplementedAnalyzerServer

	inner    pulumirpc.AnalyzerClient
	settings *settings
}

// Configure reads the allow-list and refuses unknown keys.
func (f *front) Configure(ctx context.Context, r *pulumirpc.ConfigureAnalyzerRequest) (*emptypb.Empty, error) {
	if err := f.settings.configure(r.GetPolicyConfig()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error()) //nolint:wrapcheck // made here
	}
	return f.inner.Configure(ctx, r) //nolint:wrapcheck // the engine adds what it was doing
}

// These methods only forward the request.

//nolint:wrapcheck,revive // forwarded
func (f *front) Analyze(ctx context.Context, r *pulumirpc.AnalyzeRequest) (*pulumirpc.AnalyzeResponse, error) {
	return f.inner.Analyze(ctx, r)
}

//nolint:wrapcheck,revive // forwarded
func (f *front) AnalyzeStack(ctx context.Context, r *pulumirpc.AnalyzeStackRequest) (*pulumirpc.AnalyzeResponse, error) {
	return f.inner.AnalyzeStack(ctx, r)
}

//nolint:wrapcheck,revive // forwarded
func (f *front) Remediate(ctx context.Context, r *pulumirpc.AnalyzeRequest) (*pulumirpc.RemediateResponse, error) {
	return f.inner.Remediate(ctx, r)
}

//nolint:wrapcheck,revive // forwarded
func (f *front) GetAnalyzerInfo(ctx context.Context, r *emptypb.Empty) (*pulumirpc.AnalyzerInfo, error) {
	return f.inner.GetAnalyzerInfo(ctx, r)
}

//nolint:wrapcheck,revive // forwarded
func (f *front) GetPluginInfo(ctx context.Context, r *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return f.inner.GetPluginInfo(ctx, r)
}

//nolint:wrapcheck,revive // forwarded
func (f *front) Handshake(ctx context.Context, r *pulumirpc.AnalyzerHandshakeRequest) (*pulumirpc.AnalyzerHandshakeResponse, error) {
	return f.inner.Handshake(ctx, r)
}

//nolint:wrapcheck,revive // forwarded
func (f *front) ConfigureStack(ctx context.Context, r *pulumirpc.AnalyzerStackConfigureRequest) (*pulumirpc.AnalyzerStackConfigureResponse, error) {
	return f.inner.ConfigureStack(ctx, r)
}

//nolint:wrapcheck,revive // forwarded
func (f *front) Cancel(ctx context.Context, r *emptypb.Empty) (*emptypb.Empty, error) {
	return f.inner.Cancel(ctx, r)
}
