// Package reference is what AWS says of permissions: its service authorization reference as data, what IAM calls an
// operation, and what a request needs besides its operation.
package reference

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// referenceJSON is written by reference.py.
//
//go:embed reference.json
var referenceJSON []byte

// service is what AWS's service authorization reference says of one service.
type service struct {
	// Actions by name.
	Actions map[string]struct {
		// Types of resources that a policy can limit the action to, and those that the action always needs, too.
		// Neither means all or nothing.
		Types, Required []string
		// Needs are actions that it may require besides.
		Needs []string
	}
	// Arns are patterns such as arn:${Partition}:s3:::${BucketName}, by type of resource.
	Arns map[string]string
}

var services = func() map[string]service {
	all := map[string]service{}
	if err := json.Unmarshal(referenceJSON, &all); err != nil {
		panic(err) // the file is embedded, and tested
	}
	return all
}()

// Known says whether IAM has the action, such as ec2:CreateVpc.
func Known(action string) bool {
	prefix, name, _ := strings.Cut(action, ":")
	_, ok := services[prefix].Actions[name]
	return ok
}

// Types of resources that the action can be limited to, and which of them it always needs.
func Types(action string) (all, required []string) {
	prefix, name, _ := strings.Cut(action, ":")
	a := services[prefix].Actions[name]
	return slices.Concat(a.Types, a.Required), a.Required
}

// Needs are the actions that an action may require besides.
func Needs(action string) []string {
	prefix, name, _ := strings.Cut(action, ":")
	return services[prefix].Actions[name].Needs
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// Arn is the ARN of a resource of a service's type; fill gives the value of each variable of its pattern, such as Partition,
// Region, Account, BucketName.
func Arn(prefix, typ string, fill func(variable string) string) (string, error) {
	template, ok := services[prefix].Arns[typ]
	if !ok {
		return "", fmt.Errorf("%s has no resources of type %s", prefix, typ)
	}
	return variable.ReplaceAllStringFunc(template, func(v string) string { return fill(v[2 : len(v)-1]) }), nil
}
