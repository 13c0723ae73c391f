package provider

import (
	"bytes"
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const roleType = "aws:iam/role:Role"

// role is one that a component makes, with what says what it may do.
type role struct {
	name, description string
	trusts            []statement
	may               []statement
	managed           []string
}

// statement of a policy, as far as components write any.
type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Principal map[string][]string
	Condition map[string]map[string][]string
}

// rolesOf are the roles among resources, by their names.
func rolesOf(t *testing.T, all []componenttest.Registered) []role {
	t.Helper()
	found := map[string]*role{}
	for _, r := range all {
		if r.Type == roleType {
			name, description := r.Name, ""
			if given, ok := r.Input("name").(string); ok {
				name = given
			}
			if given, ok := r.Input("description").(string); ok {
				description = given
			}
			found[name] = &role{name: name, description: description, trusts: statements(t, r.Input("assumeRolePolicy"))}
		}
	}
	for _, r := range all {
		name, _ := r.Input("role").(string)
		of, known := found[strings.TrimSuffix(name, "-id")] // which the mocks give a role that is named by its id
		switch {
		case !known:
		case r.Type == "aws:iam/rolePolicy:RolePolicy":
			of.may = append(of.may, statements(t, r.Input("policy"))...)
		case r.Type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
			of.managed = append(of.managed, r.Input("policyArn").(string))
		}
	}
	var roles []role
	for _, name := range slices.Sorted(maps.Keys(found)) {
		roles = append(roles, *found[name])
	}
	return roles
}

func statements(t *testing.T, policy any) []statement {
	t.Helper()
	var read struct {
		Version   string
		Statement []statement
	}
	text, known := policy.(string)
	require.Truef(t, known, "a policy is not known: %v", policy)
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields() // a NotAction that is left out would turn a statement into its opposite
	require.NoError(t, decoder.Decode(&read), text)
	return read.Statement
}

// writeRoles writes who may assume each role, and what it may do.
func writeRoles(out *bytes.Buffer, roles []role) {
	out.WriteString("\n## IAM\n\n")
	if len(roles) == 0 {
		out.WriteString("It makes no role.\n")
		return
	}
	out.WriteString("The roles that it makes, as a test makes them: account, region and names are the test's. Those of parts that have a page of their own are there.\n")
	for _, r := range roles {
		fmt.Fprintf(out, "\nRole `%s`: %s.", r.name, strings.TrimSuffix(r.description, "."))
		for _, s := range r.trusts {
			for _, kind := range slices.Sorted(maps.Keys(s.Principal)) {
				fmt.Fprintf(out, " Assumed by %s%s.", codes(s.Principal[kind]), provided(s.Condition))
			}
		}
		for _, arn := range r.managed {
			fmt.Fprintf(out, " Has the managed policy `%s`.", arn)
		}
		out.WriteString("\n")
		if len(r.may) > 0 {
			out.WriteString("\n| | may | on |\n|---|---|---|\n")
		}
		for _, s := range r.may {
			effect := ""
			if s.Effect == "Deny" {
				effect = "**not** "
			}
			fmt.Fprintf(out, "| %s | %s%s | %s%s |\n", s.Sid, effect, codes(s.Action), codes(s.Resource), provided(s.Condition))
		}
	}
}

// provided says when a statement holds.
func provided(condition map[string]map[string][]string) string {
	var all []string
	for _, operator := range slices.Sorted(maps.Keys(condition)) {
		for _, key := range slices.Sorted(maps.Keys(condition[operator])) {
			all = append(all, fmt.Sprintf("`%s` %s %s", key, inWordsOf(operator), codes(condition[operator][key])))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " if " + strings.Join(all, " and ")
}

func inWordsOf(operator string) string {
	switch operator {
	case "StringEquals", "ArnEquals", "Bool":
		return "is"
	case "StringLike", "ArnLike":
		return "is like"
	}
	return operator
}

func codes(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = "`" + text + "`"
	}
	return strings.Join(quoted, ", ")
}

// byOwner is what a component of each kind makes, itself or by parts of it that have no page of their own: of several of a kind, the one with most roles.
func byOwner(s spec, runs ...[]componenttest.Registered) map[string][]componenttest.Registered {
	all := map[string][]componenttest.Registered{}
	for _, run := range runs {
		known := map[resource.URN]componenttest.Registered{}
		for _, r := range run {
			known[r.URN()] = r
		}
		owned := map[resource.URN][]componenttest.Registered{}
		for _, r := range run {
			above, found := known[resource.URN(r.Parent)]
			for found && !s.has(above.Type) {
				above, found = known[resource.URN(above.Parent)]
			}
			if found {
				owned[above.URN()] = append(owned[above.URN()], r)
			}
		}
		for _, owner := range slices.Sorted(maps.Keys(owned)) {
			if kind := string(owner.Type()); roleCount(owned[owner]) > roleCount(all[kind]) {
				all[kind] = owned[owner]
			}
		}
	}
	return all
}

func roleCount(all []componenttest.Registered) (count int) {
	for _, r := range all {
		if r.Type == roleType {
			count++
		}
	}
	return count
}

func (s spec) has(token string) bool {
	_, has := s.Resources[token]
	return has
}

// aPipeline is all that a pipeline makes, as it is deployed: what its preview does not know is in no policy yet.
func aPipeline(t *testing.T) []componenttest.Registered {
	t.Helper()
	recorder := &componenttest.Recorder{}
	code := pulumi.NewStringAsset("")
	zip := pulumi.NewAssetArchive(map[string]any{"bootstrap": code})
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			Config: config.Config{Environment: config.Prod, Search: config.Search{Reach: config.ReachDirect}}.Named(componenttest.Stack),
			Code:   feed.Code{Bootstrap: zip, Rotation: zip, CurrentState: zip, Canary: zip},
		})
		return err
	}, pulumi.WithMocks(componenttest.Project, componenttest.Stack, componenttest.ExistingVpc{Recorder: recorder})))
	return recorder.Resources()
}
