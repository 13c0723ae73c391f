#!/usr/bin/env bash
# github.com/pulumi/pulumi/sdk/v3 v3.276.0 for Go: declaring a resource or a component returns at once. But
# RegisterResourceOutputs of a component returns only when the engine has answered the component's registration. The
# engine answers when one of its workers is free. `pulumi up` has four for each core,
# https://github.com/pulumi/pulumi/blob/v3.276.0/pkg/cmd/pulumi/operations/up.go. Suppose that a program does
# something for waiting resources (opens a tunnel, starts a server) after it declares its next component. It hangs
# forever if as many resources wait as there are workers: eight on two cores. On a machine with more cores the same
# program works. Here a resource that waits for the program's last step occupies one worker.
# Seen: "declared: at once", "outputs registered: only when the worker gave up".
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
	"sync"
	"sync/atomic"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const patience = 3 * time.Second

// engine has one worker. A guest waits for its door, and gives up after a while.
type engine struct {
	worker sync.Mutex
	begun  chan struct{}
	door   chan struct{}
	gaveUp atomic.Bool
}

func (e *engine) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	e.worker.Lock()
	defer e.worker.Unlock()
	if args.TypeToken == "demo:index:Guest" {
		close(e.begun)
		select {
		case <-e.door:
		case <-time.After(patience):
			e.gaveUp.Store(true)
		}
	}
	return args.Name, args.Inputs, nil
}

func (*engine) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func main() {
	e := &engine{begun: make(chan struct{}), door: make(chan struct{})}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		var guest pulumi.ResourceState
		if err := ctx.RegisterResource("demo:index:Guest", "guest", nil, &struct{ pulumi.CustomResourceState }{}); err != nil {
			return err
		}
		<-e.begun
		began := time.Now()
		if err := ctx.RegisterComponentResource("demo:index:Component", "component", &guest); err != nil {
			return err
		}
		if time.Since(began) < patience/2 {
			fmt.Println("declared: at once")
		}
		if err := ctx.RegisterResourceOutputs(&guest, pulumi.Map{}); err != nil {
			return err
		}
		if e.gaveUp.Load() {
			fmt.Println("outputs registered: only when the worker gave up")
		}
		close(e.door) // what the guest waits for
		return nil
	}, pulumi.WithMocks("project", "stack", e))
	if err != nil {
		panic(err)
	}
}
GO
go mod tidy >/dev/null 2>&1
CGO_ENABLED=0 go run -gcflags='all=-l' . | tee seen
diff seen - <<'SEEN'
declared: at once
outputs registered: only when the worker gave up
SEEN
