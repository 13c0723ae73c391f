package rules

import (
	"cdcpipeline/policy/view"
	"slices"
)

const (
	functionType   = "aws:lambda/function:Function"
	permissionType = "aws:lambda/permission:Permission"
	mappingType    = "aws:lambda/eventSourceMapping:EventSourceMapping"
)

// Function is a Lambda function.
type Function struct {
	PackageType view.Of[string] `prop:"packageType"`
	Runtime     view.Of[string] `prop:"runtime"`
	Vpc         struct {
		SubnetIDs view.Strings `prop:"subnetIds"`
	} `prop:"vpcConfig"`
}

// Permission allows a principal to invoke a function.
type Permission struct {
	Principal      view.Of[string] `prop:"principal"`
	SourceAccount  view.Of[string] `prop:"sourceAccount"`
	SourceArn      view.Of[string] `prop:"sourceArn"`
	PrincipalOrgID view.Of[string] `prop:"principalOrgId"`
}

// supportedRuntimes lists the runtimes of Lambda.2 that this project can use, because its functions are compiled
// Go. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
var supportedRuntimes = []string{"provided.al2023", "provided.al2"}

func lambda() []Rule {
	return []Rule{
		{
			Name: "lambda-1", Title: "Functions are not invoked by everybody", Severity: Critical, Controls: []string{"Lambda.1"}, Types: []string{permissionType},
			Change: "a principal other than *, or a sourceAccount or principalOrgId; for s3.amazonaws.com a sourceAccount", Unseen: "counts as narrow",
			Default: "permissions name one service and one source",
			Check:   each(permissionType, narrowPermission),
		},
		{
			Name: "lambda-2", Title: "Functions run on supported runtimes", Severity: Medium, Controls: []string{"Lambda.2"}, Types: []string{functionType},
			Change: "runtime: provided.al2023", Unseen: "counts as supported", Default: "provided.al2023",
			Check: each(functionType, func(f Function) []Violation {
				runtime, known := f.Runtime.Get()
				return broken(!f.PackageType.Is("Image") && (known || f.Runtime.Unset()) && !slices.Contains(supportedRuntimes, runtime), "runtime is %s", f.Runtime)
			}),
		},
		{
			Name: "lambda-3", Title: "Functions are inside the VPC", Severity: Low, Controls: []string{"Lambda.3"}, Types: []string{functionType},
			Change: "vpcConfig with the private subnets", Unseen: "counts as inside", Default: "private subnets",
			Check: each(functionType, func(f Function) []Violation {
				return broken(f.Vpc.SubnetIDs.Unset(), "it is outside")
			}),
		},
		{
			Name: "lambda-5", Title: "Functions inside the VPC run in several zones", Severity: Medium, Controls: []string{"Lambda.5"}, Types: []string{functionType},
			Change: "vpcConfig.subnetIds of two zones", Unseen: "subnets are counted, even if their IDs are not known yet", Default: "two zones in dev, three in prod",
			Check: each(functionType, func(f Function) []Violation {
				subnets, known := f.Vpc.SubnetIDs.Get()
				return broken(known && len(subnets) == 1, "it has one subnet")
			}),
		},
	}
}

func narrowPermission(p Permission) []Violation {
	if p.Principal.Is("*") {
		return broken(p.SourceAccount.Unset() && p.SourceArn.Unset() && p.PrincipalOrgID.Unset(), "everybody may invoke it")
	}
	return broken(p.Principal.Is("s3.amazonaws.com") && p.SourceAccount.Unset(), "buckets of every account may invoke it")
}
