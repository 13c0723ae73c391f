package preflight

import (
	"cdcpipeline/config"
	"cdcpipeline/docs"
	"cdcpipeline/internal/footprint"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// question asks IAM whether the principal may perform some actions on some resources. All actions of a question share
// the resources and the context.
type question struct {
	actions, resources []string
	context            []contextKey
}

// contextKey is a condition key that a call would carry,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
type contextKey struct{ name, typ, value string }

// mostActions limits the actions of one question. IAM accepts 231 in one request, but does not answer them on one page.
const mostActions = 100

// questions turns the documented policies into questions for a simulation.
func (s *Stack) questions(ctx context.Context) ([]question, error) {
	caller, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	texts, err := docs.DeployerPolicies()
	if err != nil {
		return nil, err
	}
	named := s.replacer(caller)
	alike := map[string]*question{}
	for _, text := range texts {
		var policy struct {
			Statement []struct {
				Action, Resource []string
				Condition        map[string]map[string][]string
			}
		}
		if err := json.Unmarshal([]byte(named.Replace(string(text))), &policy); err != nil {
			return nil, fmt.Errorf("reading the documented policies: %w", err)
		}
		for _, statement := range policy.Statement {
			actions := slices.DeleteFunc(statement.Action, func(a string) bool { return !s.needs(a) })
			if len(actions) == 0 {
				continue
			}
			for _, given := range contexts(statement.Condition) {
				key := fmt.Sprint(statement.Resource, given)
				if alike[key] == nil {
					alike[key] = &question{resources: s.examples(statement.Resource), context: given}
				}
				alike[key].actions = append(alike[key].actions, actions...)
			}
		}
	}
	var all []question
	for _, key := range slices.Sorted(maps.Keys(alike)) {
		for actions := range slices.Chunk(distinct(alike[key].actions), mostActions) {
			all = append(all, question{actions, alike[key].resources, alike[key].context})
		}
	}
	principal, err := s.principal(ctx)
	if err != nil {
		return nil, err
	}
	return append(all, s.onCollections(caller, principal)...), nil
}

// replacer replaces the documents' placeholders and default names by the stack's names.
func (s *Stack) replacer(caller *identity) *strings.Replacer {
	plain := config.Config{}.WithDefaults()
	var pairs []string // the first match is used
	if bucket := s.Config.Lake.BucketName; bucket != "" {
		pairs = append(pairs, "arn:aws:s3:::cdc-*", "arn:"+caller.partition+":s3:::"+bucket)
	}
	pairs = append(
		pairs,
		"arn:aws:", "arn:"+caller.partition+":", "ACCOUNT", caller.account, "REGION", s.AWS.Region,
		"domain/"+plain.Search.DomainName+"*", "domain/"+s.Config.Search.DomainName,
		"domains/"+plain.Search.DomainName+"*", "domains/"+s.Config.Search.DomainName+"/audit",
		"alias/cdc-pipeline-*-cdc-key", s.keyAlias(),
	)
	return strings.NewReplacer(pairs...)
}

// each returns one resource for each source if the resource is a stream, a cluster or a cluster's logs. Otherwise it
// returns the resource itself.
func (s *Stack) each(resource string) (all []string) {
	plain := config.Config{}.WithDefaults()
	for _, f := range s.Config.Feeds() {
		own := strings.NewReplacer("stream/"+plain.Stream.Name+"*", "stream/"+f.Stream.Name)
		if makesCluster(f) {
			own = strings.NewReplacer(
				"stream/"+plain.Stream.Name+"*", "stream/"+f.Stream.Name,
				"cluster:"+plain.Source.ClusterName+"*", "cluster:"+f.Source.ClusterName,
				"cluster/"+plain.Source.ClusterName+"*", "cluster/"+f.Source.ClusterName+"/audit",
			)
		}
		if named := own.Replace(resource); named != resource {
			all = append(all, named)
		}
	}
	if len(all) == 0 {
		return []string{resource}
	}
	return all
}

// keyAlias returns the alias of the stack's key.
func (s *Stack) keyAlias() string {
	return footprint.KeyAlias(s.Project, s.Name, footprint.Pipeline+"-key")
}

// examples replaces wildcards by names that the stack will make, or could make. A simulation needs complete ARNs.
func (s *Stack) examples(resources []string) []string {
	all := []string{}
	for _, r := range resources {
		if r == "*" {
			continue
		}
		for _, named := range s.each(r) {
			all = append(all, strings.ReplaceAll(named, "*", "preflight"))
		}
	}
	return all
}

// contexts returns the contexts in which a statement's condition holds, one for each value of its key. A statement has
// one key at most.
func contexts(condition map[string]map[string][]string) [][]contextKey {
	types := map[string]string{"Bool": "boolean", "Numeric": "numeric", "Date": "date", "IpAddress": "ip"}
	all := [][]contextKey{nil}
	for _, operator := range slices.Sorted(maps.Keys(condition)) {
		typ := "string"
		for prefix, other := range types {
			if strings.HasPrefix(operator, prefix) {
				typ = other
			}
		}
		for _, name := range slices.Sorted(maps.Keys(condition[operator])) {
			var more [][]contextKey
			for _, given := range all {
				for _, value := range condition[operator][name] {
					more = append(more, append(slices.Clone(given), contextKey{name, typ, value}))
				}
			}
			all = more
		}
	}
	return all
}

// needs reports whether a deployment of this configuration calls an action.
func (s *Stack) needs(action string) bool {
	if action == createLinkedRole {
		return false
	}
	for _, part := range parts {
		for _, pattern := range part.actions {
			if is, _ := path.Match(pattern, action); is && !part.made(s) {
				return false
			}
		}
	}
	return true
}

// parts lists optional parts of a pipeline, each with the actions that only this part needs.
var parts = []struct {
	made    func(s *Stack) bool
	actions []string
}{
	{(*Stack).makesDatabase, []string{"rds:*"}},
	{(*Stack).makesDomain, []string{"es:*", "logs:*ResourcePolic*"}},
	{func(s *Stack) bool { return s.Config.Search.On(config.OnCollections) }, []string{"aoss:*"}},
	{(*Stack).makesVPC, []string{
		"ec2:CreateVpc", "ec2:DeleteVpc", "ec2:ModifyVpcAttribute", "ec2:CreateSubnet", "ec2:DeleteSubnet", "ec2:ModifySubnetAttribute",
		"ec2:CreateRouteTable", "ec2:DeleteRouteTable", "ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:CreateRoute", "ec2:DeleteRoute",
		"ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:ModifyVpcEndpoint", "route53:AssociateVPCWithHostedZone",
	}},
	{func(s *Stack) bool { return s.Config.Encryption.KmsKeyArn == "" }, []string{
		"kms:CreateKey", "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias", "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
	}},
	{func(s *Stack) bool { return s.Config.Lake.Catalog.On() }, []string{"glue:*", "athena:*"}},
	{func(s *Stack) bool { return s.Config.KeepsTables() }, []string{
		"glue:*Job", "glue:*SecurityConfiguration", "glue:*Trigger", "s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging",
	}},
	{func(s *Stack) bool { return s.Config.Network.FlowLogs != nil && *s.Config.Network.FlowLogs }, []string{"ec2:*FlowLogs"}},
	{func(s *Stack) bool { return s.Config.Search.Current.On() }, []string{"lambda:*EventSourceMapping", "scheduler:*"}},
	{func(s *Stack) bool { return s.Config.Search.Current.On() && *s.Config.Search.Current.EnhancedFanOut }, []string{"kinesis:*StreamConsumer"}},
	{(*Stack).tunnels, []string{
		"ec2:RunInstances", "ec2:TerminateInstances", "ec2:StartInstances", "ec2:StopInstances", "ec2:ModifyInstanceAttribute", "iam:*InstanceProfile", "ssm:*",
	}},
}
