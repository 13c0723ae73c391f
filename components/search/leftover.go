package search

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Remove deletes the object at a path inside a search destination. A missing object is not an error.
type Remove func(ctx context.Context, at Inside, path string) error

// Inside is the address of a domain's or collection's contents, with the credentials for it.
type Inside struct{ URL, User, Password pulumi.StringOutput }

// maxLeftovers is how many leftovers of its name a resource may meet before it fails.
const maxLeftovers = 3

// replaceLeftovers lets a resource replace one of the same name that the stack does not know. A destroy that cannot
// delete the domain or the collection leaves such resources, because the engine removes all contents from the state
// anyway (DeletedWith). The provider fails only on existing templates and policies; it overwrites everything else.
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

// leftover is the path of the object that blocks a resource; empty when the failure has another cause.
func leftover(args *pulumi.ErrorHookArgs) string {
	if args.FailedOperation != "create" || len(args.Errors) == 0 || len(args.Errors) > maxLeftovers {
		return ""
	}
	// OpenSearch refuses to overwrite an existing policy, because the request names no version of the policy.
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
