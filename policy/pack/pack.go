// Package pack makes a Pulumi policy pack of the rules.
//
// Only this file uses policyx, which is experimental. Only front.go uses the protocol below it.
package pack

import (
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/exception"
	"cdcpipeline/policy/rules"
	"cdcpipeline/policy/view"
	"context"
	"fmt"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// Name is the name of the pack. PulumiPolicy.yaml has its version.
const Name = "cdc-pipeline"

var version = semver.MustParse("0.1.0")

// newPack makes a policy for each rule, one for the allow-list, and two that capture the stack on request.
func newPack(s *settings) func(*pulumi.Context) (policyx.PolicyPack, error) {
	return func(*pulumi.Context) (policyx.PolicyPack, error) {
		policies := []policyx.Policy{s.exceptions()}
		if s.captureFile != "" {
			policies = append(policies, s.captureInputs(), s.captureStack())
		}
		for _, rule := range rules.All() {
			policies = append(policies, s.policy(rule))
		}
		made, err := policyx.NewPolicyPack(Name, version, policyx.EnforcementLevelMandatory, policies)
		if err != nil {
			return nil, fmt.Errorf("making the policy pack: %w", err)
		}
		return made, nil
	}
}

func (s *settings) policy(rule rules.Rule) policyx.Policy {
	if rule.CheckStack != nil {
		return policyx.NewStackValidationPolicy(rule.Name, policyx.StackValidationPolicyArgs{
			Description:      rule.Title,
			EnforcementLevel: policyx.EnforcementLevelMandatory,
			ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
				for _, v := range rule.CheckStack(stack(args.Resources)) {
					s.report(args.Manager, rule, v)
				}
				return nil
			},
		})
	}
	return policyx.NewResourceValidationPolicy(rule.Name, policyx.ResourceValidationPolicyArgs{
		Description:      rule.Title,
		EnforcementLevel: policyx.EnforcementLevelMandatory,
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			for _, v := range rule.Check(resource(args.Resource)) {
				v.URN = args.Resource.URN
				s.report(args.Manager, rule, v)
			}
			return nil
		},
	})
}

// report reports a violation unless an exception allows it.
func (s *settings) report(to policyx.PolicyManager, rule rules.Rule, v rules.Violation) {
	name := v.URN[strings.LastIndex(v.URN, "::")+len("::"):]
	if s.allowed().Allows(rule.Name, v.URN, name, s.now()) {
		return
	}
	message := fmt.Sprintf("%s: %s. Severity %s. To do: %s.", name, v.Message, rule.Severity, rule.Change)
	if link := rule.Link(); link != "" {
		message += " " + link
	}
	to.ReportViolation(message, v.URN)
}

// exceptions returns the policy whose configuration is the allow-list. Expired entries violate it.
func (s *settings) exceptions() policyx.Policy {
	text := map[string]any{"type": "string", "minLength": 1}
	return policyx.NewStackValidationPolicy(exception.Policy, policyx.StackValidationPolicyArgs{
		Description:      "Exceptions have a reason and an end, and end then",
		EnforcementLevel: policyx.EnforcementLevelMandatory,
		ConfigSchema: &policyx.ConfigSchema{Properties: map[string]map[string]any{"allow": {
			"type": "array",
			"items": map[string]any{
				"type":                 "object",
				"properties":           map[string]any{"rule": text, "resource": text, "reason": text, "expires": text},
				"required":             []any{"rule", "resource", "reason", "expires"},
				"additionalProperties": false,
			},
		}}},
		ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
			for _, e := range s.allowed().Expired(s.now()) {
				args.Manager.ReportViolation(fmt.Sprintf("the exception of %s for %s (%s) ended on %s: mend the resource, or think again and set a new day",
					e.Rule, e.Resource, e.Reason, e.Expires), "")
			}
			return nil
		},
	})
}

const (
	captureInputsPolicy = "capture-inputs"
	captureStackPolicy  = "capture-stack"
)

func (s *settings) captureInputs() policyx.Policy {
	return policyx.NewResourceValidationPolicy(captureInputsPolicy, policyx.ResourceValidationPolicyArgs{
		Description: "Captures what single looks see", EnforcementLevel: policyx.EnforcementLevelAdvisory,
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			s.remember(args.Resource.URN, capture.Mark(args.Resource.Properties))
			return nil
		},
	})
}

func (s *settings) captureStack() policyx.Policy {
	return policyx.NewStackValidationPolicy(captureStackPolicy, policyx.StackValidationPolicyArgs{
		Description: "Writes what was captured", EnforcementLevel: policyx.EnforcementLevelAdvisory,
		ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
			captured := make(capture.Stack, len(args.Resources))
			for i, r := range args.Resources {
				captured[i] = capture.Resource{
					URN: r.URN, Type: r.Type, Name: r.Name, Inputs: s.recall(r.URN), Outputs: capture.Mark(r.Properties),
					Protect: r.Options.Protect, IgnoreChanges: r.Options.IgnoreChanges, Parent: r.Parent,
					Dependencies: r.Dependencies, PropertyDependencies: r.PropertyDependencies,
				}
				if p := r.Provider; p.URN != "" {
					captured[i].Provider = &capture.Provider{URN: p.URN, Type: p.Type, Name: p.Name, Properties: capture.Mark(p.Properties)}
				}
			}
			return captured.Write(s.captureFile)
		},
	})
}

func stack(all []policyx.AnalyzerResource) view.Stack {
	views := make([]view.Resource, len(all))
	for i, r := range all {
		views[i] = resource(r)
	}
	return view.NewStack(views)
}

func resource(r policyx.AnalyzerResource) view.Resource {
	return view.Resource{
		URN: r.URN, Type: r.Type, Name: r.Name, Properties: r.Properties,
		Protect: r.Options.Protect, IgnoreChanges: r.Options.IgnoreChanges,
		Provider:     view.Provider{URN: r.Provider.URN, Type: r.Provider.Type, Name: r.Provider.Name, Properties: r.Provider.Properties},
		Parent:       r.Parent,
		Dependencies: r.Dependencies, PropertyDependencies: r.PropertyDependencies,
	}
}
