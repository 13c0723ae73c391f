// Package provider gives the components to all languages of Pulumi: an input is what Go's Args have, with each section of the configuration below
// its own name (search.instanceType), so that one set of types, one set of words and one set of messages serve whoever writes Go, YAML, TypeScript or
// Python. A component is made by its own constructor, in the engine's process of this provider, so that it makes the same resources under the same
// names and tokens, cdcpipeline:stream:ChangeStream, as in a program of Go.
//
// What writes to what another component has made is given that component itself (search.Access, search.Collections, search.Domain): each component is
// made in a request of its own, and finds what others have made by the engine, which knows it in a preview too. So it makes the same resources below
// them, with the same provider, as a program of Go that holds both. Plain outputs do where names and ARNs are enough. feed.Feed is not here: it makes
// components of one another and names them, which in other languages is what a program is for; a pipeline has it for each of its sources.
//
// The provider is the one that Pulumi's SDK for Go has, and the schema is a committed file, made from the types and their comments by
// `go generate ./provider`. github.com/pulumi/pulumi-go-provider (v1.3.0) does not fit: its components register their outputs a second time, which the
// engine refuses; its schemas have no optional struct that is not a pointer, no choices of a type that does not import it and embedded structs that
// Pulumi's SDK leaves empty; and it brings the engine's own module into the stack program's requirements.
package provider

//go:generate go test . -run TestSchemaIsCurrent -update
//go:generate go run -C ../sdks/generate . ..
//go:generate go test . -run TestComponentsPagesAreCurrent -update

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Name of the package in every language.
const Name = "cdcpipeline"

// Serve answers the engine until it is done. The version is that of the release, 1.2.3.
func Serve(version string) error {
	return sdk.Main(Name, func(host *sdk.HostClient) (pulumirpc.ResourceProviderServer, error) { //nolint:wrapcheck // says what could not be served
		return newServer(host, version)
	})
}

// server answers what an engine asks of a provider that has components only.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer

	host    *sdk.HostClient
	version string
	schema  spec
}

func newServer(host *sdk.HostClient, version string) (*server, error) {
	read, err := readSchema()
	if err != nil {
		return nil, err
	}
	read.Version = version
	return &server{host: host, version: version, schema: read}, nil
}

// GetPluginInfo says which release this is.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.version}, nil
}

// Attach is asked by an engine that finds the provider running.
func (s *server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := sdk.NewHostClient(req.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("attaching to the engine: %w", err)
	}
	s.host = host
	return &emptypb.Empty{}, nil
}

// GetSchema gives the committed schema, with the release's version.
func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	text, err := s.schema.text()
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetSchemaResponse{Schema: string(text)}, nil
}

// Configure has nothing to configure: credentials and region are those of the AWS provider.
func (s *server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// Cancel has nothing to end: what a component makes is the engine's to cancel.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Construct makes a component, or says all that is wrong with its inputs before there is any resource.
func (s *server) Construct(ctx context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	f, ok := formOf(req.GetType())
	if !ok {
		return nil, fmt.Errorf("%s is no component of this provider", req.GetType())
	}
	problems, err := checkInputs(s.schema, req)
	if err != nil {
		return nil, err
	}
	return sdk.Construct(ctx, req, s.host.EngineConn(), func( //nolint:wrapcheck // says which component could not be made
		ctx *pulumi.Context, _, name string, inputs sdk.ConstructInputs, opts pulumi.ResourceOption,
	) (*sdk.ConstructResult, error) {
		return f.construct(ctx, name, inputs, opts, problems)
	})
}
