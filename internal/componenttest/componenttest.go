// Package componenttest runs a component against Pulumi's mocks and records the registered resources.
//
// Tests check the record: which resources, with which inputs, under which parent, with which options.
package componenttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// Account, Region and Partition are the mocked provider's answers. Project and Stack are the program's.
const (
	Account   = "123456789012"
	Region    = "us-east-1"
	Partition = "aws"
	Project   = "project"
	Stack     = "stack"
)

// Registered is one resource as the engine was asked to make it.
type Registered struct {
	Type, Name, Parent string
	ID                 string // the id to import, if any
	Provider           string
	Inputs             resource.PropertyMap
	DependsOn          []string            // URNs
	PropertyDependsOn  map[string][]string // for each input, the URNs that its value comes from
	IgnoreChanges      []string
	Protect            bool
	RetainOnDelete     bool
	DeletedWith        string
	ReplaceWith        []string
	ReplaceOnChanges   []string
	CustomTimeouts     [3]string // create, update, delete
	BeforeUpdate       []string  // names of hooks
	aliases            []*pulumirpc.Alias_Spec
}

// URN is the engine's name of the resource.
func (r Registered) URN() resource.URN { return r.urn(r.Name, r.Parent) }

// Former are the URNs under which the stack may already know the resource, because of its aliases for names and
// parents. of is the parent's former URN, empty when the parent was found under its own URN.
// https://github.com/pulumi/pulumi/blob/pkg/v3.276.0/pkg/resource/deploy/step_generator.go, generateAliases
func (r Registered) Former(of resource.URN) []resource.URN {
	var all []resource.URN
	for _, alias := range r.aliases {
		all = append(all, r.urn(cmp.Or(alias.GetName(), r.Name), cmp.Or(alias.GetParentUrn(), r.Parent)))
	}
	if of != "" {
		all = append(all, r.urn(r.Name, string(of)))
	}
	return all
}

func (r Registered) urn(name, parent string) resource.URN {
	var types tokens.Type
	if urn := resource.URN(parent); parent != "" && urn.QualifiedType() != resource.RootStackType {
		types = urn.QualifiedType()
	}
	return resource.NewURN(Stack, Project, types, tokens.Type(r.Type), name)
}

// Input returns the plain value of an input, nil when it was not set; it unwraps secrets and outputs.
func (r Registered) Input(key string) any {
	v, ok := r.Inputs[resource.PropertyKey(key)]
	if !ok {
		return nil
	}
	return plain(v)
}

// Recorder holds everything that a program registered, in order.
type Recorder struct {
	mu        sync.Mutex
	resources []Registered
	invokes   []string
	answers   map[string]resource.PropertyMap
}

// Answer makes the mocked provider answer an invoke (token, e.g. aws:iam/getRoles:getRoles) with the value.
type Answer struct {
	Token string
	Value map[string]any
}

// Run runs a program under mocks and fails the test when it fails.
func Run(t testing.TB, program pulumi.RunFunc, answers ...Answer) *Recorder {
	t.Helper()
	r, err := Try(program, answers...)
	require.NoError(t, err)
	return r
}

// Try runs a program under mocks and returns its error.
func Try(program pulumi.RunFunc, answers ...Answer) (*Recorder, error) {
	r := &Recorder{answers: map[string]resource.PropertyMap{}}
	for _, a := range answers {
		r.answers[a.Token] = resource.NewPropertyMapFromMap(a.Value)
	}
	if err := pulumi.RunErr(program, pulumi.WithMocks(Project, Stack, r)); err != nil {
		return r, fmt.Errorf("running the program: %w", err)
	}
	return r, nil
}

// All returns the resources of a type (aws:s3/bucketV2:BucketV2), sorted by name, because resources of one component
// register in any order.
func (r *Recorder) All(typ string) []Registered {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Registered
	for _, x := range r.resources {
		if x.Type == typ {
			found = append(found, x)
		}
	}
	slices.SortStableFunc(found, func(a, b Registered) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// Resources returns every resource in the order of registration, which varies.
func (r *Recorder) Resources() []Registered {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Registered(nil), r.resources...)
}

// Invokes returns the token of every invoke.
func (r *Recorder) Invokes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.invokes...)
}

// One returns the only resource of a type, or the only one with this name.
func (r *Recorder) One(t testing.TB, typ string, name ...string) Registered {
	t.Helper()
	var found []Registered
	for _, x := range r.All(typ) {
		if len(name) == 0 || x.Name == name[0] {
			found = append(found, x)
		}
	}
	require.Lenf(t, found, 1, "resources of type %s named %v", typ, name)
	return found[0]
}

// NewResource implements pulumi.MockResourceMonitor: the state is the inputs and an ARN.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	x := Registered{Type: args.TypeToken, Name: args.Name, ID: args.ID, Provider: args.Provider, Inputs: args.Inputs}
	if rpc := args.RegisterRPC; rpc != nil {
		x.Parent, x.DependsOn, x.IgnoreChanges = rpc.GetParent(), rpc.GetDependencies(), rpc.GetIgnoreChanges()
		x.Protect, x.RetainOnDelete, x.DeletedWith = rpc.GetProtect(), rpc.GetRetainOnDelete(), rpc.GetDeletedWith()
		x.ReplaceWith, x.ReplaceOnChanges = rpc.GetReplaceWith(), rpc.GetReplaceOnChanges()
		x.BeforeUpdate = rpc.GetHooks().GetBeforeUpdate()
		for _, alias := range rpc.GetAliases() {
			x.aliases = append(x.aliases, alias.GetSpec())
		}
		x.PropertyDependsOn = map[string][]string{}
		for input, from := range rpc.GetPropertyDependencies() {
			x.PropertyDependsOn[input] = from.GetUrns()
		}
		if ct := rpc.GetCustomTimeouts(); ct != nil {
			x.CustomTimeouts = [3]string{ct.GetCreate(), ct.GetUpdate(), ct.GetDelete()}
		}
	}
	r.mu.Lock()
	r.resources = append(r.resources, x)
	r.mu.Unlock()

	state := args.Inputs.Copy()
	id := args.ID
	if id == "" {
		id = args.Name + "-id"
	}
	service := strings.Split(strings.TrimPrefix(args.TypeToken, "aws:"), "/")[0]
	fill := func(key resource.PropertyKey, value string) {
		if _, set := state[key]; !set {
			state[key] = resource.NewStringProperty(value)
		}
	}
	if args.TypeToken == "aws:lambda/invocation:Invocation" {
		fill("result", bootstrapped(args.Inputs["input"]))
	}
	for key, value := range computed(args.TypeToken, args.Name) {
		if _, set := state[key]; !set {
			state[key] = value
		}
	}
	fill("arn", fmt.Sprintf("arn:%s:%s:%s:%s:%s", Partition, service, Region, Account, args.Name))
	fill("name", args.Name)
	fill("bucket", args.Name)
	fill("endpoint", args.Name+".example.internal")
	fill("result", "generated")
	return id, state, nil
}

// Call implements pulumi.MockResourceMonitor.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.invokes = append(r.invokes, args.Token)
	if answer, ok := r.answers[args.Token]; ok {
		return answer, nil
	}
	defaults := map[string]map[string]any{
		"aws:index/getCallerIdentity:getCallerIdentity":       {"accountId": Account, "arn": "arn:aws:iam::" + Account + ":user/test", "userId": "x"},
		"aws:index/getRegion:getRegion":                       {"name": Region, "id": Region},
		"aws:index/getPartition:getPartition":                 {"partition": Partition, "dnsSuffix": "amazonaws.com", "id": Partition},
		"aws:index/getAvailabilityZones:getAvailabilityZones": {"names": []any{Region + "a", Region + "b", Region + "c"}, "zoneIds": []any{"z1", "z2", "z3"}},
		"aws:iam/getRoles:getRoles":                           {"names": []any{}, "arns": []any{}},
	}
	if answer, ok := defaults[args.Token]; ok {
		return resource.NewPropertyMapFromMap(answer), nil
	}
	return args.Args, nil
}

// computed returns the outputs that components read besides arn, name and endpoint.
func computed(token, name string) resource.PropertyMap {
	s := resource.NewStringProperty
	switch token {
	case "aws:rds/cluster:Cluster":
		return resource.PropertyMap{"port": resource.NewNumberProperty(3306), "clusterIdentifier": s(name), "masterUserSecrets": resource.NewArrayProperty([]resource.PropertyValue{
			resource.NewObjectProperty(resource.PropertyMap{"secretArn": s("arn:aws:secretsmanager:" + Region + ":" + Account + ":secret:rds!cluster"), "kmsKeyId": s("key"), "secretStatus": s("active")}),
		})}
	case "aws:dms/certificate:Certificate":
		return resource.PropertyMap{"certificateArn": s("arn:aws:dms:" + Region + ":" + Account + ":cert:" + name)}
	case "aws:dms/endpoint:Endpoint":
		return resource.PropertyMap{"endpointArn": s("arn:aws:dms:" + Region + ":" + Account + ":endpoint:" + name)}
	case "aws:dms/replicationInstance:ReplicationInstance":
		return resource.PropertyMap{"replicationInstanceArn": s("arn:aws:dms:" + Region + ":" + Account + ":rep:" + name)}
	case "aws:dms/replicationTask:ReplicationTask":
		return resource.PropertyMap{"replicationTaskArn": s("arn:aws:dms:" + Region + ":" + Account + ":task:" + name)}
	case "aws:dms/replicationConfig:ReplicationConfig":
		return resource.PropertyMap{"arn": s("arn:aws:dms:" + Region + ":" + Account + ":replication-config:" + name)}
	case "aws:iam/role:Role":
		return resource.PropertyMap{"arn": s("arn:" + Partition + ":iam::" + Account + ":role/" + name)}
	case "aws:opensearch/serverlessCollection:ServerlessCollection":
		host := "https://" + name + "." + Region + ".aoss.amazonaws.com"
		return resource.PropertyMap{"collectionEndpoint": s(host), "dashboardEndpoint": s(host + "/_dashboards")}
	case "aws:kms/key:Key":
		return resource.PropertyMap{"keyId": s(name)}
	}
	return nil
}

// bootstrapped is the bootstrap function's answer: the requested tables, each with a single column id.
func bootstrapped(input resource.PropertyValue) string {
	var request struct {
		Checks []map[string]any `json:"checks"`
		Tables []map[string]any `json:"tables"`
	}
	if text, ok := plain(input).(string); !ok || json.Unmarshal([]byte(text), &request) != nil {
		return "{}"
	}
	request.Checks = []map[string]any{{"check": "binlog_format", "status": "ok", "value": "ROW"}}
	for _, t := range request.Tables {
		t["columns"], t["primaryKey"] = []any{map[string]any{"name": "id", "type": "bigint"}}, []any{"id"}
	}
	answer, err := json.Marshal(request)
	if err != nil {
		return "{}"
	}
	return string(answer)
}

func plain(v resource.PropertyValue) any {
	return v.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		switch {
		case v.IsSecret():
			return plain(v.SecretValue().Element), true
		case v.IsOutput():
			return plain(v.OutputValue().Element), true
		}
		return nil, false
	})
}
