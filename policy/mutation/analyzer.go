// Package mutation proves that every rule detects its violation. It changes a captured stack in one respect at a
// time, and shows it to the running policy pack over the engine's protocol.
package mutation

import (
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/pack"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// Violation is a violation that the pack has reported.
type Violation struct {
	Rule, URN, Message string
	Mandatory          bool
}

// Analyzer talks to a pack like the engine.
type Analyzer struct {
	client pulumirpc.AnalyzerClient
}

// Dial connects to a pack on a loopback port and sends the engine's first requests: handshake, stack,
// configuration. configuration is the text of a --policy-pack-config file, or empty.
func Dial(ctx context.Context, port int, configuration []byte) (*Analyzer, error) {
	conn, err := grpc.NewClient(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return nil, fmt.Errorf("connecting to the policy pack: %w", err)
	}
	a := &Analyzer{client: pulumirpc.NewAnalyzerClient(conn)}
	if _, err := a.client.Handshake(ctx, &pulumirpc.AnalyzerHandshakeRequest{EngineAddress: "127.0.0.1:0"}); err != nil {
		return nil, fmt.Errorf("greeting the policy pack: %w", err)
	}
	stack := &pulumirpc.AnalyzerStackConfigureRequest{Stack: "mutated", Project: "cdc-pipeline", Organization: "organization", DryRun: true}
	if _, err := a.client.ConfigureStack(ctx, stack); err != nil {
		return nil, fmt.Errorf("making the policies: %w", err)
	}
	return a, a.Configure(ctx, configuration)
}

// Serve starts a pack in this process and connects to it. now determines which exceptions have expired.
func Serve(ctx context.Context, captureFile string, configuration []byte, now func() time.Time) (*Analyzer, error) {
	port, _, err := pack.Serve(captureFile, now)
	if err != nil {
		return nil, err
	}
	return Dial(ctx, port, configuration)
}

// Configure sends the text of a --policy-pack-config file to the pack in the engine's form: all policies with
// their levels, changed as the file says.
func (a *Analyzer) Configure(ctx context.Context, text []byte) error {
	info, err := a.client.GetAnalyzerInfo(ctx, nil)
	if err != nil {
		return fmt.Errorf("listing the policies: %w", err)
	}
	configuration := map[string]*pulumirpc.PolicyConfig{}
	for _, p := range info.GetPolicies() {
		configuration[p.GetName()] = &pulumirpc.PolicyConfig{EnforcementLevel: p.GetEnforcementLevel()}
	}
	var given map[string]json.RawMessage
	if len(text) > 0 {
		if err := json.Unmarshal(text, &given); err != nil {
			return fmt.Errorf("reading the configuration: %w", err)
		}
	}
	for name, raw := range given {
		if configuration[name], err = policyConfig(configuration[name], raw); err != nil {
			return fmt.Errorf("reading the configuration of %s: %w", name, err)
		}
	}
	if _, err := a.client.Configure(ctx, &pulumirpc.ConfigureAnalyzerRequest{PolicyConfig: configuration}); err != nil {
		return fmt.Errorf("configuring the policy pack: %w", err)
	}
	return nil
}

var levels = map[string]pulumirpc.EnforcementLevel{
	"advisory": pulumirpc.EnforcementLevel_ADVISORY, "mandatory": pulumirpc.EnforcementLevel_MANDATORY,
	"disabled": pulumirpc.EnforcementLevel_DISABLED, "remediate": pulumirpc.EnforcementLevel_REMEDIATE,
}

// policyConfig reads a file's entry for one policy: a level, or an object with enforcementLevel and properties.
func policyConfig(base *pulumirpc.PolicyConfig, raw json.RawMessage) (*pulumirpc.PolicyConfig, error) {
	if base == nil {
		base = &pulumirpc.PolicyConfig{}
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	properties, object := value.(map[string]any)
	level := value
	if object {
		level = properties["enforcementLevel"]
		delete(properties, "enforcementLevel")
	}
	if name, ok := level.(string); ok {
		known, ok := levels[name]
		if !ok {
			return nil, fmt.Errorf("%q is not a level", name)
		}
		base.EnforcementLevel = known
	}
	var err error
	if base.Properties, err = structpb.NewStruct(properties); err != nil {
		return nil, fmt.Errorf("writing its properties: %w", err)
	}
	return base, nil
}

// ConfigureFile calls Configure with a file's text.
func (a *Analyzer) ConfigureFile(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	return a.Configure(ctx, text)
}

// Policies returns the names of the pack's policies.
func (a *Analyzer) Policies(ctx context.Context) ([]string, error) {
	info, err := a.client.GetAnalyzerInfo(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("listing the policies: %w", err)
	}
	var names []string
	for _, p := range info.GetPolicies() {
		names = append(names, p.GetName())
	}
	return names, nil
}

// Look shows the pack single resources (those with the given URNs, or all), and then the whole stack.
func (a *Analyzer) Look(ctx context.Context, s capture.Stack, only map[string]bool) ([]Violation, error) {
	var found []Violation
	request := &pulumirpc.AnalyzeStackRequest{}
	for _, r := range s {
		if only == nil || only[r.URN] {
			inputs, err := properties(r.Inputs)
			if err != nil {
				return nil, err
			}
			provider, err := providerOf(r)
			if err != nil {
				return nil, err
			}
			response, err := a.client.Analyze(ctx, &pulumirpc.AnalyzeRequest{
				Urn: r.URN, Type: r.Type, Name: r.Name, Properties: inputs, Options: options(r), Provider: provider,
			})
			if err != nil {
				return nil, fmt.Errorf("analyzing %s: %w", r.URN, err)
			}
			found = append(found, violations(response)...)
		}
		whole, err := analyzerResource(r)
		if err != nil {
			return nil, err
		}
		request.Resources = append(request.Resources, whole)
	}
	response, err := a.client.AnalyzeStack(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("analyzing the stack: %w", err)
	}
	return append(found, violations(response)...), nil
}

func violations(r *pulumirpc.AnalyzeResponse) []Violation {
	var found []Violation
	for _, d := range r.GetDiagnostics() {
		found = append(found, Violation{d.GetPolicyName(), d.GetUrn(), d.GetMessage(), d.GetEnforcementLevel() == pulumirpc.EnforcementLevel_MANDATORY})
	}
	return found
}

func analyzerResource(r capture.Resource) (*pulumirpc.AnalyzerResource, error) {
	outputs, err := properties(r.Outputs)
	if err != nil {
		return nil, err
	}
	provider, err := providerOf(r)
	if err != nil {
		return nil, err
	}
	whole := &pulumirpc.AnalyzerResource{
		Urn: r.URN, Type: r.Type, Name: r.Name, Properties: outputs, Options: options(r), Provider: provider,
		Parent: r.Parent, Dependencies: r.Dependencies, PropertyDependencies: map[string]*pulumirpc.AnalyzerPropertyDependencies{},
	}
	for key, urns := range r.PropertyDependencies {
		whole.PropertyDependencies[key] = &pulumirpc.AnalyzerPropertyDependencies{Urns: urns}
	}
	return whole, nil
}

func providerOf(r capture.Resource) (*pulumirpc.AnalyzerProviderResource, error) {
	if r.Provider == nil {
		return nil, nil
	}
	p, err := properties(r.Provider.Properties)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AnalyzerProviderResource{Urn: r.Provider.URN, Type: r.Provider.Type, Name: r.Provider.Name, Properties: p}, nil
}

func options(r capture.Resource) *pulumirpc.AnalyzerResourceOptions {
	return &pulumirpc.AnalyzerResourceOptions{Protect: r.Protect, IgnoreChanges: r.IgnoreChanges, Parent: r.Parent}
}

// properties marshals properties like the engine. It keeps unknown values and secrets.
func properties(marked map[string]any) (*structpb.Struct, error) {
	m, err := plugin.MarshalProperties(resource.ToResourcePropertyMap(capture.Unmark(marked)),
		plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipInternalKeys: true})
	if err != nil {
		return nil, fmt.Errorf("marshalling properties: %w", err)
	}
	return m, nil
}
