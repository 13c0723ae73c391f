package main

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// graph has the resources that the program registered, and their dependencies. Each is named type::name.
type graph struct {
	resources map[string]componenttest.Registered
	// values has the resources whose outputs a resource's inputs use. order has all resources that it waits for,
	// including these.
	values, order map[string][]string
}

// observe runs the program with its defaults under mocks.
func observe() (*graph, error) {
	recorded, err := componenttest.Try(func(ctx *pulumi.Context) error {
		code := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: config.Config{}, Code: feed.Code{Bootstrap: code, Rotation: code, CurrentState: code, Canary: code}})
		return err
	})
	if err != nil {
		return nil, err
	}
	return newGraph(recorded.Resources()), nil
}

func newGraph(resources []componenttest.Registered) *graph {
	g := &graph{resources: map[string]componenttest.Registered{}, values: map[string][]string{}, order: map[string][]string{}}
	for _, r := range resources {
		name := r.Type + "::" + r.Name
		g.resources[name] = r
		for _, urn := range r.DependsOn {
			g.order[name] = append(g.order[name], identity(urn))
		}
		for _, urns := range r.PropertyDependsOn {
			for _, urn := range urns {
				g.values[name] = append(g.values[name], identity(urn))
			}
		}
		slices.Sort(g.values[name]) // the engine gives inputs in no fixed order
	}
	return g
}

// identity returns the type and name in a URN. The types in a URN include those of all parents:
// urn:pulumi:STACK::PROJECT::A$B$TYPE::NAME.
func identity(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) != 4 {
		return urn
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:] + "::" + parts[3]
}

// component returns the nearest component of this project that contains a resource, or the resource itself. At the
// top it returns an empty text.
func (g *graph) component(name string) string {
	for {
		r, ok := g.resources[name]
		if !ok || strings.HasPrefix(r.Type, "cdcpipeline:") {
			return r.Type
		}
		name = identity(r.Parent)
	}
}

// of returns the resources of a component, sorted.
func (g *graph) of(component string) []string {
	var found []string
	for name := range g.resources {
		if g.component(name) == component {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// one returns the component's only resource of a type.
func (g *graph) one(component, typ string) (string, error) {
	var found []string
	for _, name := range g.of(component) {
		if g.resources[name].Type == typ {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s has %d resources of type %s, the picture expects one", component, len(found), typ)
	}
	return found[0], nil
}

// reaches reports whether values of to reach from, through resources that mayPass allows.
func (g *graph) reaches(from, to string, mayPass func(string) bool) bool {
	seen := map[string]bool{from: true}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range g.values[queue[0]] {
			if next == to {
				return true
			}
			if !seen[next] && mayPass(next) {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return false
}
