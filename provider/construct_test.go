package provider

import (
	"cdcpipeline/components/lake"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

const keyArn = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"

// languages are programs that are not written in Go: they ask the plugin for components.
type languages struct {
	t        testing.TB
	server   *server
	recorder *componenttest.Recorder
	engine   *componenttest.Engine
}

func inLanguages(t testing.TB) languages {
	recorder := &componenttest.Recorder{}
	engine := componenttest.ServeEngine(t, componenttest.ExistingVpc{Recorder: recorder})
	host, err := sdk.NewHostClient(engine.Address)
	require.NoError(t, err)
	s, err := newServer(host, "1.2.3")
	require.NoError(t, err)
	return languages{t, s, recorder, engine}
}

type inputs = map[string]any

// request for a component, as a language's SDK sends it.
func (l languages) request(token, name string, given inputs) *pulumirpc.ConstructRequest {
	values := resource.PropertyMap{}
	for key, value := range given {
		if known, ok := value.(resource.PropertyValue); ok {
			values[resource.PropertyKey(key)] = known
		} else {
			values[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		}
	}
	waitsFor := map[string]*pulumirpc.ConstructRequest_PropertyDependencies{}
	for key, value := range values {
		for _, urn := range dependencies(value) {
			if waitsFor[string(key)] == nil {
				waitsFor[string(key)] = &pulumirpc.ConstructRequest_PropertyDependencies{}
			}
			waitsFor[string(key)].Urns = append(waitsFor[string(key)].Urns, string(urn))
		}
	}
	written, err := plugin.MarshalProperties(values, plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, KeepOutputValues: true, KeepResources: true})
	require.NoError(l.t, err)
	return &pulumirpc.ConstructRequest{
		Project: componenttest.Project, Stack: componenttest.Stack, MonitorEndpoint: l.engine.Address,
		Type: token, Name: name, Inputs: written, InputDependencies: waitsFor, Parallel: 1, AcceptsOutputValues: true,
	}
}

// dependencies are what the outputs in a value wait for.
func dependencies(v resource.PropertyValue) (all []resource.URN) {
	switch {
	case v.IsOutput():
		return v.OutputValue().Dependencies
	case v.IsObject():
		for _, inner := range v.ObjectValue() {
			all = append(all, dependencies(inner)...)
		}
	}
	return all
}

// make makes a component and gives back its outputs.
func (l languages) make(token, name string, given inputs, dependsOn ...string) map[string]any {
	l.t.Helper()
	req := l.request(token, name, given)
	req.Dependencies = dependsOn
	made, err := l.server.Construct(l.t.Context(), req)
	if detailed, ok := rpcerror.FromError(err); ok {
		require.NoErrorf(l.t, err, "%v", detailed.InputPropertiesErrors())
	}
	require.NoError(l.t, err)
	state, err := plugin.UnmarshalProperties(made.GetState(), plugin.MarshalOptions{})
	require.NoError(l.t, err)
	return state.Mappable()
}

// refused is what the plugin says of inputs, by property.
func (l languages) refused(token string, given inputs) map[string]string {
	l.t.Helper()
	_, err := l.server.Construct(l.t.Context(), l.request(token, "x", given))
	require.Error(l.t, err)
	detailed, ok := rpcerror.FromError(err)
	require.Truef(l.t, ok, "%v", err)
	problems := map[string]string{}
	for _, p := range detailed.InputPropertiesErrors() {
		problems[p.PropertyPath] = p.Reason
	}
	require.NotEmptyf(l.t, problems, "%v", err)
	require.Empty(l.t, l.recorder.Resources(), "a resource was made before the inputs were right")
	return problems
}

// sameResources holds what was registered in one way against the other: types, names, parents, inputs, options. Of what a resource waits for those of its
// own component count: to the plugin other components are what a program says of them.
func sameResources(t *testing.T, goes, languages []componenttest.Registered) {
	t.Helper()
	inGo, others := byURN(goes), byURN(languages)
	require.Equal(t, slices.Sorted(maps.Keys(inGo)), slices.Sorted(maps.Keys(others)))
	for urn, want := range inGo {
		require.Equal(t, want, filled(others[urn], want), urn)
	}
}

// filled has the values that a preview does not know yet from another run of the same.
func filled(some, from any) any {
	switch some := some.(type) {
	case resource.Computed:
		return from
	case map[string]any:
		if from, ok := from.(map[string]any); ok {
			all := map[string]any{}
			for key, value := range some {
				all[key] = filled(value, from[key])
			}
			return all
		}
	case []any:
		if from, ok := from.([]any); ok && len(from) == len(some) {
			all := make([]any, len(some))
			for i, value := range some {
				all[i] = filled(value, from[i])
			}
			return all
		}
	}
	return some
}

// revealed are inputs with the values of secrets: what the engine marks as one, mocks do not.
func revealed(inputs resource.PropertyMap) map[string]any {
	return inputs.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() {
			return v.SecretValue().Element.V, true
		}
		return nil, false
	})
}

// comparable is what matters of each resource, by its URN.
func byURN(all []componenttest.Registered) map[resource.URN]map[string]any {
	parents := map[string]string{}
	for _, r := range all {
		parents[string(r.URN())] = r.Parent
	}
	found := map[resource.URN]map[string]any{}
	for _, r := range all {
		siblings := slices.DeleteFunc(slices.Sorted(slices.Values(r.DependsOn)), func(urn string) bool { return parents[urn] != r.Parent })
		found[r.URN()] = map[string]any{
			"inputs": revealed(r.Inputs), "siblings": fmt.Sprint(siblings), "import": r.ID, "ignored": fmt.Sprint(r.IgnoreChanges),
			"protected": r.Protect, "retained": r.RetainOnDelete, "timeouts": r.CustomTimeouts, "replacing": fmt.Sprint(r.ReplaceOnChanges),
		}
	}
	return found
}

func TestALakeAndAStreamAreTheSameFromEveryLanguage(t *testing.T) {
	own := config.Lake{BucketName: "changes-of-mine", BufferSeconds: 120, Catalog: config.Catalog{Enabled: new(true)}}
	inGo := componenttest.Run(t, func(ctx *pulumi.Context) error {
		changes, err := stream.NewChangeStream(ctx, "changes", &stream.ChangeStreamArgs{
			Stream: config.Stream{Shards: 2}, Environment: config.Prod, KmsKeyArn: pulumi.String(keyArn),
		})
		if err != nil {
			return err
		}
		bucket, err := lake.NewBucket(ctx, "lake", &lake.BucketArgs{Lake: own, KmsKeyArn: pulumi.String(keyArn)})
		if err != nil {
			return err
		}
		_, err = lake.NewDelivery(ctx, "delivery", &lake.DeliveryArgs{
			Lake: own, StreamArn: changes.Arn, BucketArn: bucket.Arn, KmsKeyArn: pulumi.String(keyArn),
		})
		return err
	})

	l := inLanguages(t)
	section := inputs{"bucketName": "changes-of-mine", "bufferSeconds": 120, "catalog": inputs{"enabled": true}}
	changes := l.make("cdcpipeline:stream:ChangeStream", "changes", inputs{"stream": inputs{"shards": 2}, "environment": "prod", "kmsKeyArn": keyArn})
	bucket := l.make("cdcpipeline:lake:Bucket", "lake", inputs{"lake": section, "kmsKeyArn": keyArn})
	l.make("cdcpipeline:lake:Delivery", "delivery", inputs{
		"lake": section, "streamArn": changes["arn"], "bucketArn": bucket["arn"], "kmsKeyArn": keyArn,
	})
	require.NotEmpty(t, l.recorder.All("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"))
	sameResources(t, inGo.Resources(), l.recorder.Resources())
}
