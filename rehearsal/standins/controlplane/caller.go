package controlplane

import (
	"net/http"
	"slices"
	"strings"
)

// Caller is who made a call, as its User-Agent tells: whose permissions the call needs.
type Caller string

const (
	// Deployer is who runs `pulumi up`: the AWS provider, and what the program calls by itself.
	Deployer Caller = "deployer"
	// Operator is who runs `cdc`.
	Operator Caller = "operator"
	// Preflight is who runs `cdc preflight`, whose permissions have a policy of their own.
	Preflight Caller = "preflight"
	// Other is a role's own work (functions, stand-ins of services) and the rehearsal looking on.
	Other Caller = "other"
)

const (
	// AppID is what the AWS SDK reads the name of an application from; it becomes app/NAME in the User-Agent,
	// https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html.
	AppID = "AWS_SDK_UA_APP_ID"
	// ProgramApp is the name of the Pulumi program in a rehearsal.
	ProgramApp = "cdc-pipeline"
	// ToolApp is the name of `cdc` in a rehearsal.
	ToolApp = "cdc"
	// PreflightApp is the name of its command for the time before a deployment.
	PreflightApp = "cdc-preflight"
)

// callerOf reads a request's User-Agent. Providers made from Terraform's begin theirs as partners of AWS do,
// https://github.com/hashicorp/aws-sdk-go-base/blob/v2.0.0-beta.72/user_agent.go; the one that Pulumi publishes puts its
// own name there.
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
