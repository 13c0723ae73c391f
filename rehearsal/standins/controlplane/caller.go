package controlplane

import (
	"net/http"
	"slices"
	"strings"
)

// Caller tells by the User-Agent who made a call. It determines whose permissions the call needs.
type Caller string

const (
	// Deployer runs `pulumi up`: the AWS provider, and the program's own calls.
	Deployer Caller = "deployer"
	// Operator runs `cdc`.
	Operator Caller = "operator"
	// Preflight runs `cdc preflight`, which has its own documented policy.
	Preflight Caller = "preflight"
	// Other means all other callers: functions, service stand-ins, and the rehearsal itself.
	Other Caller = "other"
)

const (
	// AppID is the variable from which the AWS SDK reads an application's name; it becomes app/NAME in the
	// User-Agent, https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html.
	AppID = "AWS_SDK_UA_APP_ID"
	// ProgramApp is the name of the Pulumi program in a rehearsal.
	ProgramApp = "cdc-pipeline"
	// ToolApp is the name of `cdc` in a rehearsal.
	ToolApp = "cdc"
	// PreflightApp is the name of the preflight command in a rehearsal.
	PreflightApp = "cdc-preflight"
)

// callerOf parses a request's User-Agent. A provider made from a Terraform provider starts it in the form of AWS
// partners, https://github.com/hashicorp/aws-sdk-go-base/blob/v2.0.0-beta.72/user_agent.go; Pulumi's published
// provider puts its own name there.
func callerOf(r *http.Request) Caller {
	products := strings.Fields(r.UserAgent())
	switch {
	case len(products) > 0 && products[0] == "APN/1.0":
		return Deployer
	case slices.Contains(products, "app/"+ToolApp):
		return Operator
	case slices.Contains(products, "app/"+PreflightApp):
		return Preflight
	case slices.Contains(products, "app/"+ProgramApp):
		return Deployer
	default:
		return Other
	}
}
