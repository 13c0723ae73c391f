package main_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/policy/capture"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const (
	project = "cdc-pipeline"
	stack   = "policies"
)

// first returns a stack at its first preview, when nothing has an ARN yet. deployed returns the same stack at a
// preview after its deployment. Both come from the real program, which runs against mocks.
func first(t *testing.T, cfg config.Config) capture.Stack {
	t.Helper()
	s := taken(t, cfg, true)
	for i := range s {
		s[i].Inputs, s[i].Outputs = forget(s[i].Inputs), forget(s[i].Outputs)
	}
	return s
}

func deployed(t *testing.T, cfg config.Config) capture.Stack { t.Helper(); return taken(t, cfg, false) }

// tomorrow marks texts that only the deployment knows. Mocks cannot return an unknown secret. So the preview runs
// with marked texts, and forget then makes them unknown.
const tomorrow = "-known-tomorrow"

func forget(m map[string]any) map[string]any {
	forgotten, _ := forgetValue(m).(map[string]any)
	return forgotten
}

func forgetValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = forgetValue(item)
		}
	case []any:
		for i, item := range v {
			v[i] = forgetValue(item)
		}
	case string:
		if strings.Contains(v, tomorrow) {
			return map[string]any{"$unknown": true}
		}
	}
	return v
}

// postponed marks every text in a computed output.
func postponed(v resource.PropertyValue) resource.PropertyValue {
	return resource.NewPropertyValue(v.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsString() && !strings.HasPrefix(v.StringValue(), "{") { // the result of a function is parsed as JSON
			return v.StringValue() + tomorrow, true
		}
		return nil, false
	}))
}

var environments = map[string]config.Config{
	"dev": {}, "prod": {Environment: config.Prod},
}

func taken(t *testing.T, cfg config.Config, preview bool) capture.Stack {
	t.Helper()
	r := &recorder{Recorder: &componenttest.Recorder{}, preview: preview}
	code := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
	program := func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			Config: cfg, CaBundles: map[string]string{"": "-----BEGIN CERTIFICATE-----"},
			Code: feed.Code{Bootstrap: code, Rotation: code, CurrentState: code, Canary: code},
		})
		return err
	}
	require.NoError(t, pulumi.RunErr(program, pulumi.WithMocks(project, stack, r)))
	require.NotEmpty(t, r.stack)
	return r.stack
}

// projectTags has the default tags of Pulumi.yaml in the form that the engine passes to the provider: JSON in a
// string.
var projectTags = func() string {
	text, err := os.ReadFile("../Pulumi.yaml")
	if err != nil {
		panic(err)
	}
	var file struct {
		Config map[string]struct{ Value any }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		panic(err)
	}
	tags, err := json.Marshal(file.Config["aws:defaultTags"].Value)
	if err != nil {
		panic(err)
	}
	return string(tags)
}()

// recorder captures the resources that the program registers.
type recorder struct {
	*componenttest.Recorder

	preview bool
	mu      sync.Mutex
	stack   capture.Stack
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id, state, err := r.Recorder.NewResource(args)
	if err != nil || args.RegisterRPC == nil {
		return id, state, err
	}
	if r.preview {
		id += tomorrow
		for key, v := range state {
			if _, given := args.Inputs[key]; !given {
				state[key] = postponed(v)
			}
		}
	}
	if args.TypeToken == "random:index/randomPassword:RandomPassword" { // like the real provider
		state["result"] = resource.MakeSecret(state["result"])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stack = append(r.stack, r.seen(args, args.Inputs, state))
	return id, state, nil
}

func (r *recorder) seen(args pulumi.MockResourceArgs, inputs, outputs resource.PropertyMap) capture.Resource {
	rpc := args.RegisterRPC
	parentType := tokens.Type("")
	if parent := resource.URN(rpc.GetParent()); parent != "" && parent.QualifiedType() != resource.RootStackType {
		parentType = parent.QualifiedType()
	}
	seen := capture.Resource{
		URN:  string(resource.NewURN(stack, project, parentType, tokens.Type(args.TypeToken), args.Name)),
		Type: args.TypeToken, Name: args.Name,
		Inputs: marked(inputs), Outputs: marked(outputs),
		Protect: rpc.GetProtect(), IgnoreChanges: rpc.GetIgnoreChanges(), Parent: rpc.GetParent(),
		Dependencies: rpc.GetDependencies(), PropertyDependencies: map[string][]string{},
	}
	for key, urns := range rpc.GetPropertyDependencies() {
		seen.PropertyDependencies[key] = urns.GetUrns()
	}
	if pkg, _, _ := strings.Cut(args.TypeToken, ":"); pkg == "aws" {
		seen.Provider = &capture.Provider{
			URN:  "urn:pulumi:" + stack + "::" + project + "::pulumi:providers:aws::default",
			Type: "pulumi:providers:aws", Name: "default",
			Properties: map[string]any{"region": componenttest.Region, "defaultTags": projectTags},
		}
	}
	return seen
}

func marked(m resource.PropertyMap) map[string]any {
	return capture.Mark(resource.FromResourcePropertyMap(m))
}
