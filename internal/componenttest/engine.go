package componenttest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Engine is an engine for a provider of components. It makes resources like the mocks and records the messages.
type Engine struct {
	pulumirpc.UnimplementedResourceMonitorServer
	pulumirpc.UnimplementedEngineServer

	// Address on which it listens.
	Address string

	mocks   pulumi.MockResourceMonitor
	mu      sync.Mutex
	outputs map[string]int
	states  map[string]resource.PropertyMap
	logged  []string
}

// ServeEngine serves an engine until the test ends.
func ServeEngine(t testing.TB, mocks pulumi.MockResourceMonitor) *Engine {
	t.Helper()
	e := &Engine{mocks: mocks, outputs: map[string]int{}, states: map[string]resource.PropertyMap{}}
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: cancel, Init: func(server *grpc.Server) error {
		pulumirpc.RegisterResourceMonitorServer(server, e)
		pulumirpc.RegisterEngineServer(server, e)
		return nil
	}})
	require.NoError(t, err)
	t.Cleanup(func() { close(cancel) })
	e.Address = fmt.Sprintf("127.0.0.1:%d", handle.Port)
	return e
}

// Logged returns the messages for the deployer.
func (e *Engine) Logged() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.logged...)
}

// Log implements the engine.
func (e *Engine) Log(_ context.Context, in *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.logged = append(e.logged, in.GetMessage())
	return &emptypb.Empty{}, nil
}

// SupportsFeature implements the monitor. Like the SDK's mocks it supports everything except output values.
func (e *Engine) SupportsFeature(_ context.Context, in *pulumirpc.SupportsFeatureRequest) (*pulumirpc.SupportsFeatureResponse, error) {
	return &pulumirpc.SupportsFeatureResponse{HasSupport: in.GetId() != "outputValues"}, nil
}

var kept = plugin.MarshalOptions{KeepSecrets: true, KeepResources: true, KeepUnknowns: true}

// RegisterResource implements the monitor.
func (e *Engine) RegisterResource(_ context.Context, in *pulumirpc.RegisterResourceRequest) (*pulumirpc.RegisterResourceResponse, error) {
	inputs, err := plugin.UnmarshalProperties(in.GetObject(), kept)
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", in.GetName(), err)
	}
	id, state, err := e.mocks.NewResource(pulumi.MockResourceArgs{
		TypeToken: in.GetType(), Name: in.GetName(), Inputs: inputs, Provider: in.GetProvider(), ID: in.GetImportId(), Custom: in.GetCustom(), RegisterRPC: in,
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // the mock's own error
	}
	object, err := plugin.MarshalProperties(state, kept)
	if err != nil {
		return nil, fmt.Errorf("writing the state of %s: %w", in.GetName(), err)
	}
	urn := Registered{Type: in.GetType(), Name: in.GetName(), Parent: in.GetParent()}.URN()
	e.keep(string(urn), id, state)
	return &pulumirpc.RegisterResourceResponse{Urn: string(urn), Id: id, Object: object}, nil
}

// keep has the state of a resource be found by its URN.
func (e *Engine) keep(urn, id string, state resource.PropertyMap) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.states[urn] = resource.PropertyMap{"urn": resource.NewProperty(urn), "id": resource.NewProperty(id), "state": resource.NewProperty(state)}
}

// RegisterResourceOutputs implements the monitor. As the engine it refuses outputs that a resource has already.
func (e *Engine) RegisterResourceOutputs(_ context.Context, in *pulumirpc.RegisterResourceOutputsRequest) (*emptypb.Empty, error) {
	given, err := plugin.UnmarshalProperties(in.GetOutputs(), kept)
	if err != nil {
		return nil, fmt.Errorf("reading the outputs of %s: %w", in.GetUrn(), err)
	}
	e.keep(in.GetUrn(), "", given)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outputs[in.GetUrn()]++
	if e.outputs[in.GetUrn()] > 1 {
		return nil, fmt.Errorf("cannot complete a resource '%s' whose registration isn't pending", in.GetUrn())
	}
	return &emptypb.Empty{}, nil
}

// Invoke implements the monitor.
func (e *Engine) Invoke(_ context.Context, in *pulumirpc.ResourceInvokeRequest) (*pulumirpc.ResourceInvokeResponse, error) {
	args, err := plugin.UnmarshalProperties(in.GetArgs(), kept)
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of %s: %w", in.GetTok(), err)
	}
	result, err := e.call(in, args)
	if err != nil {
		return nil, err
	}
	object, err := plugin.MarshalProperties(result, kept)
	if err != nil {
		return nil, fmt.Errorf("writing the result of %s: %w", in.GetTok(), err)
	}
	return &pulumirpc.ResourceInvokeResponse{Return: object}, nil
}

// call has the mocks answer, but for what the engine itself is asked: the state of a resource.
func (e *Engine) call(in *pulumirpc.ResourceInvokeRequest, args resource.PropertyMap) (resource.PropertyMap, error) {
	if in.GetTok() != "pulumi:pulumi:getResource" {
		return e.mocks.Call(pulumi.MockCallArgs{Token: in.GetTok(), Args: args, Provider: in.GetProvider()}) //nolint:wrapcheck // the mock's own
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	state, ok := e.states[args["urn"].StringValue()]
	if !ok {
		return nil, fmt.Errorf("unknown resource %s", args["urn"].StringValue())
	}
	return state, nil
}

// RegisterPackage implements the monitor.
func (e *Engine) RegisterPackage(context.Context, *pulumirpc.RegisterPackageRequest) (*pulumirpc.RegisterPackageResponse, error) {
	return &pulumirpc.RegisterPackageResponse{Ref: "package"}, nil
}

// RegisterResourceHook implements the monitor.
func (e *Engine) RegisterResourceHook(context.Context, *pulumirpc.RegisterResourceHookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// RegisterErrorHook implements the monitor.
func (e *Engine) RegisterErrorHook(context.Context, *pulumirpc.RegisterErrorHookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
