// Package provider offers the components to all languages of Pulumi. The inputs of a component are the fields of its Args in Go, and each section of
// the configuration is below its own name (search.instanceType). So Go, YAML, TypeScript and Python share types, words and messages. The provider
// calls the component's own constructor, which makes the same resources with the same names and types (cdcpipeline:stream:ChangeStream) as a Go
// program.
//
// A component that writes to another one takes that component itself (search.Access, search.Collections, search.Domain). The engine asks for each
// component in its own request, and it knows the outputs of the others, in a preview too. So the writer makes the same resources below the other
// component, with the same provider, as a Go program that holds both. Elsewhere a name or an ARN is enough, which is a plain output. feed.Feed is
// not offered: it composes and names other components, which a program can do itself. A pipeline makes one for each of its sources.
//
// This package uses the provider of Pulumi's SDK for Go. The schema is a committed file, which `go generate ./provider` makes from the types and
// their comments. github.com/pulumi/pulumi-go-provider (v1.3.0) does not fit. Its components register their outputs a second time, which the engine
// refuses. Its schemas have no optional struct that is not a pointer and no choices for a type that does not import it, and they have embedded
// structs that Pulumi's SDK leaves empty. It also adds the engine's own module to the stack program's requirements.
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

// Serve answers the engine until it ends. version is the release's, such as 1.2.3.
func Serve(version string) error {
	return sdk.Main(Name, func(host *sdk.HostClient) (pulumirpc.ResourceProviderServer, error) { //nolint:wrapcheck // says what could not be served
		return newServer(host, version)
	})
}

// server answers an engine. It has components only.
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

// GetPluginInfo returns the release's version.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.version}, nil
}

// Attach connects to an engine that did not start the provider.
func (s *server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := sdk.NewHostClient(req.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("attaching to the engine: %w", err)
	}
	s.host = host
	return &emptypb.Empty{}, nil
}

// GetSchema returns the committed schema with the release's version.
func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	text, err := s.schema.text()
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetSchemaResponse{Schema: string(text)}, nil
}

// Configure accepts any configuration, because the AWS provider has the credentials and the region.
func (s *server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// Cancel does nothing, because the engine cancels the resources of a component itself.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Construct makes a component. If inputs are wrong, it reports all problems before it makes any resource.
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
