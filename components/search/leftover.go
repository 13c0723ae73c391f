package search

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Remove deletes what has a path from the inside of a place. What is not there is no error.
type Remove func(ctx context.Context, at Inside, path string) error

// Inside is where requests to the inside of a domain or a collection are sent, and who signs in there.
type Inside struct{ URL, User, Password pulumi.StringOutput }

// maxLeftovers is how often a resource may find a leftover of its name before it fails.
const maxLeftovers = 3

// replaceLeftovers has a resource take the place of one of its name that the stack does not know. A destroy that cannot delete
// the domain or the collection leaves them: the engine takes everything inside out of the state all the same (DeletedWith).
// Templates and policies are the ones that the provider then cannot make; all others overwrite what is there.
func replaceLeftovers(ctx *pulumi.Context, name string, at Inside, remove Remove) ([]pulumi.ResourceOption, error) {
	if remove == nil {
		return nil, nil
	}
	hook, err := ctx.RegisterErrorHook(name+"-leftover", func(args *pulumi.ErrorHookArgs) (bool, error) {
		path := leftover(args)
		if path == "" {
			return false, nil
		}
		_ = ctx.Log.Warn(fmt.Sprintf("there is %s already, left by a destroy that did not end: it is made anew", path), nil)
		if err := remove(ctx.Context(), at, path); err != nil {
			return false, fmt.Errorf("removing %s: %w", path, err)
		}
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("watching over %s: %w", name, err)
	}
	return []pulumi.ResourceOption{pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}})}, nil
}

// leftover is the path of what keeps a resource from being made; empty when something else does.
func leftover(args *pulumi.ErrorHookArgs) string {
	if args.FailedOperation != "create" || len(args.Errors) == 0 || len(args.Errors) > maxLeftovers {
		return ""
	}
	// A policy that is there is refused because no version of it is named.
	if !strings.Contains(args.Errors[0], "already exists") && !strings.Contains(args.Errors[0], "version_conflict_engine_exception") {
		return ""
	}
	named := func(input, below string) string {
		if v := args.NewInputs[resource.PropertyKey(input)]; v.IsString() {
			return below + v.StringValue()
		}
		return ""
	}
	switch string(args.Type) {
	case "opensearch:index/composableIndexTemplate:ComposableIndexTemplate":
		return named("name", "/_index_template/")
	case "opensearch:index/ismPolicy:IsmPolicy":
		return named("policyId", "/_plugins/_ism/policies/")
	}
	return ""
}
