// Package iampolicy builds IAM policy documents as typed values.
//
// A component writes each policy as one small function next to the resource that it concerns. ARNs stay Pulumi
// inputs, so that no document is built from strings.
package iampolicy

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// version is the current version of the policy language,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html.
const version = "2012-10-17"

// Statement is one statement of a document. The zero Effect is Allow.
type Statement struct {
	// Sid describes the statement to a reader; letters and digits only. Optional.
	Sid string
	// Deny turns the statement into a denial.
	Deny bool
	// Principals are those whom the statement concerns, in resource and trust policies only.
	Principals []Principal
	// Actions are names such as kinesis:GetRecords.
	Actions []string
	// Resources are ARNs; empty in trust policies.
	Resources []pulumi.StringInput
	// Conditions must all hold.
	Conditions []Condition
}

// Principal is one kind of principal with its identifiers.
type Principal struct {
	// Type is AWS, Service, Federated, or * for everybody.
	Type string
	// Identifiers are ARNs, account ids or service names.
	Identifiers []pulumi.StringInput
}

// Condition is one test, e.g. StringEquals aws:SourceAccount 123456789012.
type Condition struct {
	Operator string
	Key      string
	Values   []pulumi.StringInput
}

// Service is the principal of an AWS service, e.g. firehose.amazonaws.com.
func Service(names ...string) Principal {
	return Principal{Type: "Service", Identifiers: Strings(names...)}
}

// Account is the account itself: everybody whom its IAM policies admit.
func Account(arns ...pulumi.StringInput) Principal {
	return Principal{Type: "AWS", Identifiers: arns}
}

// Anyone is every principal; conditions and the network restrict it.
func Anyone() Principal { return Principal{Type: "*"} }

// StringEquals is the condition that a key has one of the values.
func StringEquals(key string, values ...pulumi.StringInput) Condition {
	return Condition{Operator: "StringEquals", Key: key, Values: values}
}

// ArnLike is the condition that a key matches one of the ARN patterns.
func ArnLike(key string, values ...pulumi.StringInput) Condition {
	return Condition{Operator: "ArnLike", Key: key, Values: values}
}

// Trust is a role's trust policy for one service, restricted by conditions.
func Trust(service string, conditions ...Condition) pulumi.StringOutput {
	return Document(Statement{
		Principals: []Principal{Service(service)},
		Actions:    []string{"sts:AssumeRole"},
		Conditions: conditions,
	})
}

// Document renders statements as JSON. Equal statements give equal text.
func Document(statements ...Statement) pulumi.StringOutput {
	list := make(pulumi.Array, len(statements))
	for i, s := range statements {
		list[i] = s.render()
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String(version), "Statement": list})
}

// Strings turns plain strings into inputs.
func Strings(values ...string) []pulumi.StringInput {
	inputs := make([]pulumi.StringInput, len(values))
	for i, v := range values {
		inputs[i] = pulumi.String(v)
	}
	return inputs
}

func (s Statement) render() pulumi.Map {
	m := pulumi.Map{"Effect": pulumi.String("Allow"), "Action": pulumi.ToStringArray(s.Actions)}
	if s.Deny {
		m["Effect"] = pulumi.String("Deny")
	}
	if s.Sid != "" {
		m["Sid"] = pulumi.String(s.Sid)
	}
	if len(s.Resources) > 0 {
		m["Resource"] = pulumi.StringArray(s.Resources)
	}
	if len(s.Principals) > 0 {
		m["Principal"] = renderPrincipals(s.Principals)
	}
	if len(s.Conditions) > 0 {
		m["Condition"] = renderConditions(s.Conditions)
	}
	return m
}

func renderPrincipals(principals []Principal) pulumi.Input {
	m := pulumi.Map{}
	for _, p := range principals {
		if p.Type == "*" {
			return pulumi.String("*")
		}
		m[p.Type] = pulumi.StringArray(p.Identifiers)
	}
	return m
}

func renderConditions(conditions []Condition) pulumi.Map {
	operators := pulumi.Map{}
	for _, c := range conditions {
		keys, ok := operators[c.Operator].(pulumi.Map)
		if !ok {
			keys = pulumi.Map{}
			operators[c.Operator] = keys
		}
		keys[c.Key] = pulumi.StringArray(c.Values)
	}
	return operators
}
