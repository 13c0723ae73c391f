#!/usr/bin/env bash
# github.com/pulumi/pulumi/sdk/v3 v3.276.0 for Go: an Invoke fails if its answer contains, anywhere in a map, an
# archive or asset of which only the hash is known: "expected asset to be one of File, String, or Remote; got none".
# After a refresh the engine has such archives in its state, because the provider reads a function's code back as a
# hash. So pulumi:pulumi:readStackResourceOutputs works for a stack until somebody refreshes it. The same answer can
# be read into a struct that does not name the member.
# Seen: "a map: ... got none", "a struct: orders".
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
go mod init finding >/dev/null 2>&1
go get github.com/pulumi/pulumi/sdk/v3@v3.276.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type engine struct{}

func (engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return args.Name, args.Inputs, nil
}

func (engine) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"outputs": map[string]any{
		"name": "orders", "code": &archive.Archive{Sig: resource.ArchiveSig, Hash: "c0ffee"},
	}}), nil
}

func main() {
	var whole struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	var named struct {
		Outputs struct {
			Name string `pulumi:"name"`
		} `pulumi:"outputs"`
	}
	ask := func(into any) error {
		return pulumi.RunErr(func(ctx *pulumi.Context) error {
			_, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", &struct {
				StackName string `pulumi:"stackName"`
			}{"organization/project/stack"}, into, "")
			if err != nil {
				fmt.Println("a map:", err)
			}
			return nil
		}, pulumi.WithMocks("project", "stack", engine{}))
	}
	if err := ask(&whole); err != nil {
		panic(err)
	}
	if err := ask(&named); err != nil {
		panic(err)
	}
	fmt.Println("a struct:", named.Outputs.Name)
}
GO
go mod tidy >/dev/null 2>&1
CGO_ENABLED=0 go run -gcflags='all=-l' . | tee seen
diff seen - <<'SEEN'
a map: expected asset to be one of File, String, or Remote; got none
a struct: orders
SEEN
