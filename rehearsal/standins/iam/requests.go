package iam

import (
	"cdcpipeline/rehearsal/permissions/document"
	"cdcpipeline/rehearsal/permissions/reference"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// demands are the permissions that one call needs.
type demands struct {
	requests []document.Request
	// region is the region in the call's signature.
	region string
	// tagged means that it adds tags to a new resource.
	tagged bool
	// unclear are roles passed in a parameter for which no service is known.
	unclear []string
}

// demand derives the permissions that a call needs: its own action, and those for tags and roles in the request.
// It excludes actions that AWS performs for the caller without showing them in the request.
func (g *Guard) demand(c *controlplane.Call) (demands, error) {
	operation := c.Action.String()
	actions, err := reference.Actions(operation)
	if err != nil {
		return demands{}, fmt.Errorf("what %s needs: %w", operation, err)
	}
	parameters, err := c.Parameters()
	if err != nil {
		return demands{}, fmt.Errorf("reading the request: %w", err)
	}
	request := given{parameters, c.Region()}
	d := demands{region: request.region}
	for _, action := range actions {
		for _, arn := range request.on(action) {
			d.add(action, arn, request.about(action))
		}
	}
	if len(actions) > 0 && request.tags() {
		if err := d.addTags(operation, request); err != nil {
			return d, err
		}
	}
	g.addRoles(&d, c.Action, request)
	return d, nil
}

func (d *demands) add(action, arn string, context map[string]string) {
	if context == nil {
		context = map[string]string{}
	}
	context["aws:RequestedRegion"] = d.region
	d.requests = append(d.requests, document.Request{Action: action, Resource: arn, Context: context})
}

// about are the context values for conditions on the call's own action.
func (g given) about(action string) map[string]string {
	if service, ok := g.named("AWSServiceName"); ok && action == "iam:CreateServiceLinkedRole" {
		return map[string]string{"iam:AWSServiceName": service}
	}
	return nil
}

// tags reports whether a request adds tags: Tags.0.Key, tags.project, TagList.0.Key, TagSpecification.1.Tag.1.Key.
func (g given) tags() bool {
	return slices.ContainsFunc(g.parameters, func(p controlplane.Parameter) bool {
		first, rest, _ := strings.Cut(strings.ToLower(p.Path), ".")
		return rest != "" && (first == "tags" || first == "taglist" || first == "tagspecification" && strings.Contains(rest, ".tag."))
	})
}

// addTags adds the tagging action for each of the call's resources that can have tags.
func (d *demands) addTags(operation string, request given) error {
	action, _, err := reference.TagAction(operation)
	if action == "" || err != nil {
		return err //nolint:wrapcheck // the error names the operation
	}
	d.tagged = true
	taggable, _ := reference.Types(action)
	var of []string
	for _, own := range d.requests {
		_, required := reference.Types(own.Action)
		of = append(of, required...)
	}
	if typ, ok := made[operation]; ok {
		of = []string{typ}
	}
	of = slices.DeleteFunc(of, func(typ string) bool { return !slices.Contains(taggable, typ) })
	prefix, _, _ := strings.Cut(action, ":")
	var arns []string
	for _, typ := range of {
		arns = append(arns, request.arns(prefix, typ)...)
	}
	if len(arns) == 0 {
		arns = request.on(action)
	}
	slices.Sort(arns)
	for _, arn := range slices.Compact(arns) {
		d.add(action, arn, nil)
	}
	return nil
}

var (
	roleArn = regexp.MustCompile(`^arn:[^:]+:iam::\d{12}:role/.+$`)
	index   = regexp.MustCompile(`^\d+$`)
)

// addRoles adds iam:PassRole for each role that a call passes to a service.
func (g *Guard) addRoles(d *demands, a controlplane.Action, request given) {
	if a.Service == "iam" || a.Service == "ec2" {
		g.addProfile(d, a, request)
	}
	if a.Service == "iam" {
		return // its requests name roles, but pass one only to a profile
	}
	for _, p := range request.parameters {
		if !roleArn.MatchString(p.Value) {
			continue
		}
		segments := slices.DeleteFunc(strings.Split(p.Path, "."), index.MatchString)
		d.pass(a, segments[len(segments)-1], p.Value)
	}
}

// addProfile adds iam:PassRole when a role is added to an instance profile, and when an instance gets a profile with
// a role.
func (g *Guard) addProfile(d *demands, a controlplane.Action, request given) {
	profile, _ := request.named("IamInstanceProfile.Name", "InstanceProfileName")
	role, _ := request.named("RoleName")
	switch a.Name {
	case "AddRoleToInstanceProfile":
		arn := "arn:aws:iam::" + account.ID + ":role/" + role
		g.profiles[profile] = arn
		d.pass(a, "RoleName", arn)
	case "RunInstances":
		if profile == "" {
			return
		}
		arn, ok := g.profiles[profile]
		if !ok {
			arn = "arn:aws:iam::" + account.ID + ":role/" + document.Unknown
		}
		d.pass(a, "IamInstanceProfile", arn)
	}
}

// pass adds iam:PassRole for a role that a parameter passes to a service.
func (d *demands) pass(a controlplane.Action, parameter, role string) {
	principal, ok := reference.PassedTo(a.Service, parameter, d.region)
	if !ok {
		d.unclear = append(d.unclear, fmt.Sprintf("iam:PassRole on %s by %s of %s: say to whom in permissions/reference/passing.go", role, parameter, a))
		return
	}
	d.add("iam:PassRole", role, map[string]string{"iam:PassedToService": principal})
}
