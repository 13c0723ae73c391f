// Package reference holds AWS's information about permissions: its service authorization reference as data, the IAM
// actions of operations, and the additional needs of a request.
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

// service is AWS's service authorization reference for one service.
type service struct {
	// Actions by name.
	Actions map[string]struct {
		// Types of resources to which a policy can limit the action, and those that the action always needs. Neither
		// means all or nothing.
		Types, Required []string
		// Needs are actions that it may also require.
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

// Known reports whether IAM has the action, such as ec2:CreateVpc.
func Known(action string) bool {
	prefix, name, _ := strings.Cut(action, ":")
	_, ok := services[prefix].Actions[name]
	return ok
}

// Types of resources to which the action can be limited, and which of them it always needs.
func Types(action string) (all, required []string) {
	prefix, name, _ := strings.Cut(action, ":")
	a := services[prefix].Actions[name]
	return slices.Concat(a.Types, a.Required), a.Required
}

// Needs are the actions that an action may also require.
func Needs(action string) []string {
	prefix, name, _ := strings.Cut(action, ":")
	return services[prefix].Actions[name].Needs
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// Arn is the ARN of a service's resource type; fill returns the value of each variable in its pattern, such as
// Partition, Region, Account, BucketName.
func Arn(prefix, typ string, fill func(variable string) string) (string, error) {
	template, ok := services[prefix].Arns[typ]
	if !ok {
		return "", fmt.Errorf("%s has no resources of type %s", prefix, typ)
	}
	return variable.ReplaceAllStringFunc(template, func(v string) string { return fill(v[2 : len(v)-1]) }), nil
}
