// Command policy is the policy pack: `pulumi preview --policy-pack policy`.
//
// The CLI's Go runtime compiles this folder: https://www.pulumi.com/docs/insights/policy/. The CLI from 3.255 on
// also runs a compiled pack, so that its user needs no Go:
//
//	go build -o bin/cdc-policy ./policy
//	pulumi preview --policy-pack bin/cdc-policy
package main

import (
	"cdcpipeline/policy/pack"
	"fmt"
	"os"
)

//go:generate go test -run ^TestTheListOfPoliciesIsCurrent$ . -update

func main() {
	if err := pack.Main(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
