package permissions

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

var reference = func() map[string]service {
	all := map[string]service{}
	if err := json.Unmarshal(referenceJSON, &all); err != nil {
		panic(err) // the file is embedded, and tested
	}
	return all
}()

// known says whether IAM has the action.
func known(action string) bool {
	prefix, name, _ := strings.Cut(action, ":")
	_, ok := reference[prefix].Actions[name]
	return ok
}

// types of resources that the action can be limited to, and which of them it always needs.
func types(action string) (all, required []string) {
	prefix, name, _ := strings.Cut(action, ":")
	a := reference[prefix].Actions[name]
	return slices.Concat(a.Types, a.Required), a.Required
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// arn is the ARN of the resources of a type whose name, the first variable that is not account or region, matches a
// pattern.
func arn(prefix, typ, pattern string) (string, error) {
	template, ok := reference[prefix].Arns[typ]
	if !ok {
		return "", fmt.Errorf("%s has no resources of type %s", prefix, typ)
	}
	first := true
	return variable.ReplaceAllStringFunc(template, func(v string) string {
		switch v {
		case "${Partition}":
			return "aws"
		case "${Region}":
			return region
		case "${Account}":
			return account
		}
		if first {
			first = false
			return pattern
		}
		return "*"
	}), nil
}
