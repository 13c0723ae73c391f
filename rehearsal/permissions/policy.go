package permissions

import (
	"cdcpipeline/rehearsal/permissions/document"
	"cdcpipeline/rehearsal/permissions/reference"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxPolicy is the maximum length of a managed policy, without white space,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
const maxPolicy = 6144

// needs are the actions behind operations, some of which added tags, and the implied actions that were not recorded
// themselves; all sorted.
func needs(operations, tagged []string) (all []string, unrecorded []implied, err error) {
	recorded := map[string]bool{}
	var problems []error
	for _, operation := range operations {
		found, err := reference.Actions(operation)
		problems = append(problems, err)
		for _, action := range found {
			recorded[action] = true
		}
	}
	wanted := maps.Clone(recorded)
	tags, err := givenTags(tagged)
	problems = append(problems, err)
	for _, i := range tags {
		wanted[i.actions[0]] = true
	}
	for _, i := range allImplied {
		if !slices.ContainsFunc(i.operations, func(o string) bool { return slices.Contains(operations, o) }) {
			continue
		}
		i.actions = slices.DeleteFunc(slices.Clone(i.actions), func(a string) bool { return recorded[a] })
		for _, action := range i.actions {
			wanted[action] = true
		}
		if len(i.actions) > 0 {
			unrecorded = append(unrecorded, i)
		}
	}
	return slices.Sorted(maps.Keys(wanted)), unrecorded, errors.Join(problems...)
}

// givenTags are the additional actions that operations with tags need, one entry per action; why lists the
// operations.
func givenTags(tagged []string) ([]implied, error) {
	byAction := map[string]implied{}
	var problems []error
	for _, operation := range slices.Sorted(slices.Values(tagged)) {
		action, source, err := reference.TagAction(operation)
		problems = append(problems, err)
		if action == "" {
			continue
		}
		of := byAction[action]
		byAction[action] = implied{append(of.operations, operation), []string{action}, "", source}
	}
	var all []implied
	for _, action := range slices.Sorted(maps.Keys(byAction)) {
		i := byAction[action]
		var names []string
		for _, operation := range i.operations {
			_, name, _ := strings.Cut(operation, ":")
			names = append(names, name)
		}
		i.why = code(names)
		all = append(all, i)
	}
	return all, errors.Join(problems...)
}

// wide are actions for which the reference has resources but whose calls name none: lists.
func wide(action string) bool {
	return action == "logs:DescribeLogGroups" || strings.HasPrefix(action, "rds:Describe")
}

// resources are an action's restriction: by name where the program's names of a type are known, plus other types that
// the action always needs; everything when no name is known.
func resources(action string, n names) ([]string, error) {
	prefix, _, _ := strings.Cut(action, ":")
	possible, required := reference.Types(action)
	if wide(action) || !slices.ContainsFunc(possible, func(t string) bool { return n[prefix+":"+t] != nil }) {
		return []string{"*"}, nil
	}
	var all []string
	for _, typ := range possible {
		patterns := slices.Clone(n[prefix+":"+typ])
		if patterns == nil && slices.Contains(required, typ) {
			patterns = []string{"*"}
		}
		for _, pattern := range slices.DeleteFunc(patterns, func(p string) bool { return untouched(action, p) }) {
			a, err := arn(prefix, typ, pattern)
			if err != nil {
				return nil, err
			}
			all = append(all, a)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// arn is the ARN of a type's resources whose name, the first variable other than account or region, matches a
// pattern.
func arn(prefix, typ, pattern string) (string, error) {
	first := true
	return reference.Arn(prefix, typ, func(variable string) string { //nolint:wrapcheck // the error names the type
		switch variable {
		case "Partition":
			return "aws"
		case "Region":
			return region
		case "Account":
			return account
		}
		if first {
			first = false
			return pattern
		}
		return "*"
	})
}

// untouched are roles to which an action does not apply: service-linked ones are only read and tagged, and
// account-wide ones are used by their services without being passed.
func untouched(action, role string) bool {
	touches := slices.ContainsFunc([]string{"iam:Get", "iam:List", "iam:Tag", "iam:Untag"}, func(p string) bool { return strings.HasPrefix(action, p) })
	return strings.HasPrefix(role, "aws-service-role/") && !touches || strings.HasPrefix(role, "dms-") && action == "iam:PassRole"
}

// global are the services whose calls have no region of the stack.
var global = []string{"iam", "route53", "s3", "sts"}

// condition restricts what a resource cannot.
func condition(action string, resources []string, f facts) map[string]map[string][]string {
	prefix, _, _ := strings.Cut(action, ":")
	switch {
	case action == "iam:PassRole":
		return map[string]map[string][]string{"StringEquals": {"iam:PassedToService": f.passed}}
	case action == "iam:CreateServiceLinkedRole":
		return map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": f.linked}}
	case action == "kms:CreateGrant":
		// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-is-for-aws-resource
		return map[string]map[string][]string{"Bool": {"kms:GrantIsForAWSResource": {"true"}}}
	case slices.Equal(resources, []string{"*"}) && !slices.Contains(global, prefix):
		return map[string]map[string][]string{"StringEquals": {"aws:RequestedRegion": {region}}}
	}
	return nil
}

// statements allow what is needed, with one statement per service, set of resources and condition.
func statements(wanted []string, f facts) ([]document.Statement, error) {
	var all []document.Statement
	index := map[string]int{}
	count := map[string]int{}
	for _, action := range wanted {
		prefix, _, _ := strings.Cut(action, ":")
		on, err := resources(action, f.names)
		if err != nil {
			return nil, err
		}
		if action == "iam:CreateServiceLinkedRole" {
			on = []string{"arn:aws:iam::" + account + ":role/aws-service-role/*"}
		}
		when := condition(action, on, f)
		key := fmt.Sprint(prefix, on, when)
		if i, ok := index[key]; ok {
			all[i].Action = append(all[i].Action, action)
			continue
		}
		count[prefix]++
		index[key] = len(all)
		all = append(all, document.Statement{
			Sid: fmt.Sprintf("%s%s%d", strings.ToUpper(prefix[:1]), prefix[1:], count[prefix]), Effect: "Allow",
			Action: []string{action}, Resource: on, Condition: when,
		})
	}
	return all, nil
}

// policies distributes the statements over as few documents as their size allows.
func policies(all []document.Statement) ([]document.Policy, error) {
	var made []document.Policy
	for _, s := range all {
		placed := false
		for i := range made {
			larger := document.New(append(slices.Clone(made[i].Statement), s)...)
			if size(larger) <= maxPolicy {
				made[i], placed = larger, true
				break
			}
		}
		if placed {
			continue
		}
		alone := document.New(s)
		if size(alone) > maxPolicy {
			return nil, fmt.Errorf("the statement %s alone is larger than a managed policy may be", s.Sid)
		}
		made = append(made, alone)
	}
	return made, nil
}

// size is a policy's length as IAM counts it.
func size(p document.Policy) int {
	text, err := p.Text()
	if err != nil {
		return maxPolicy + 1
	}
	return len(strings.Join(strings.Fields(string(text)), ""))
}
