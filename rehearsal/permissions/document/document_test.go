package document

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAPatternMatchesAllOrDependsOnWhatIsUnknown(t *testing.T) {
	u := Unknown
	for _, c := range []struct {
		pattern, value string
		want           answer
	}{
		{"*", "", yes},
		{"*", u, yes},
		{"a*", "abc", yes},
		{"a?c", "abc", yes},
		{"a?c", "ac", no},
		{"abc", "ab", no},
		{"key/*", "key/" + u, yes},
		{"key/1", "key/" + u, maybe},
		{"key/?", "key/" + u, maybe},
		{"function:cdc-*", "event-source-mapping:" + u, no},
		{"role/cdc-*", "role/" + u, maybe},
		{"role/aws-service-role/a.com/*", "role/aws-service-role/" + u + "/Name", maybe},
		{"role/aws-service-role/*/Name", "role/aws-service-role/" + u + "/Name", yes},
		{"role/aws-service-role/*/Other", "role/aws-service-role/" + u + "/Name", no},
		{"og:default:*", "og:default:" + u, yes},
		{"og:mine:*", "og:default:" + u, no},
		{"A", "a", no},
	} {
		require.Equal(t, c.want, match(c.pattern, c.value), "%s, %q", c.pattern, c.value)
	}
}

// Without unknown parts a pattern is a regular expression with two kinds of wildcard.
func TestAPatternIsARegularExpression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,6}`).Draw(t, "pattern")
		value := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "value")
		want := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$").MatchString(value)
		require.Equal(t, map[bool]answer{true: yes, false: no}[want], match(pattern, value))
		require.Equal(t, want, Matches(pattern, value))
	})
}

// A certain answer stays the same when the unknown part becomes known; an uncertain one can become either.
func TestWhatIsUnknownIsNeverDecidedWrongly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,6}`).Draw(t, "pattern")
		value := rapid.StringMatching(`[ab]{0,3}`).Draw(t, "before") + Unknown + rapid.StringMatching(`[ab]{0,3}`).Draw(t, "after")
		known := strings.Replace(value, Unknown, rapid.StringMatching(`[ab]{0,4}`).Draw(t, "known"), 1)
		switch match(pattern, value) {
		case yes:
			require.Equal(t, yes, match(pattern, known))
		case no:
			require.Equal(t, no, match(pattern, known))
		case maybe:
		}
	})
}

func TestARequestIsDecidedByActionResourceAndCondition(t *testing.T) {
	statements := []Statement{
		{Action: []string{"kinesis:CreateStream"}, Resource: []string{"arn:aws:kinesis:*:*:stream/mine"}},
		{Action: []string{"ec2:CreateVpc"}, Resource: []string{"*"}, Condition: map[string]map[string][]string{"StringEquals": {"aws:RequestedRegion": {"here", "there"}}}},
		{Action: []string{"kms:CreateGrant"}, Resource: []string{"*"}, Condition: map[string]map[string][]string{"Bool": {"kms:GrantIsForAWSResource": {"true"}}}},
		{Action: []string{"iam:PassRole"}, Resource: []string{"role/a"}, Condition: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"x"}}}},
		{Action: []string{"iam:PassRole"}, Resource: []string{"role/b"}, Condition: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"y"}}}},
		{Action: []string{"s3:Get*"}, Resource: []string{"*"}},
	}
	for name, c := range map[string]struct {
		action, resource string
		context          map[string]string
		want             Decision
	}{
		"its resource":                     {"kinesis:CreateStream", "arn:aws:kinesis:here:1:stream/mine", nil, Allowed},
		"its action in another case":       {"KINESIS:createstream", "arn:aws:kinesis:here:1:stream/mine", nil, Allowed},
		"another resource":                 {"kinesis:CreateStream", "arn:aws:kinesis:here:1:stream/yours", nil, Refused},
		"another action":                   {"kinesis:DeleteStream", "arn:aws:kinesis:here:1:stream/mine", nil, Refused},
		"an unknown resource":              {"kinesis:CreateStream", Unknown, nil, Unresolved},
		"one of a condition's values":      {"ec2:CreateVpc", Unknown, map[string]string{"AWS:RequestedRegion": "there"}, Allowed},
		"none of a condition's values":     {"ec2:CreateVpc", Unknown, map[string]string{"aws:RequestedRegion": "elsewhere"}, Refused},
		"a condition's key missing":        {"ec2:CreateVpc", Unknown, nil, Refused},
		"a truth, in another case":         {"kms:CreateGrant", Unknown, map[string]string{"kms:GrantIsForAWSResource": "True"}, Allowed},
		"conditions are of their resource": {"iam:PassRole", "role/a", map[string]string{"iam:PassedToService": "y"}, Refused},
		"and of the other":                 {"iam:PassRole", "role/b", map[string]string{"iam:PassedToService": "y"}, Allowed},
		"a pattern of actions":             {"s3:GetObject", "anything", nil, Allowed},
	} {
		require.Equal(t, c.want, Decide(statements, Request{c.action, c.resource, c.context}), name)
	}
	require.Equal(t, Refused, Decide(nil, Request{Action: "a:B", Resource: "*"}))
}

func TestADocumentIsReadAsItIsWritten(t *testing.T) {
	p := New(Statement{Sid: "A1", Effect: "Allow", Action: []string{"a:B"}, Resource: []string{"*"}, Condition: map[string]map[string][]string{"Bool": {"k": {"true"}}}})
	text, err := p.Text()
	require.NoError(t, err)
	got, err := Parse(text)
	require.NoError(t, err)
	require.Equal(t, p, got)
}

func TestWhatIsNotEvaluatedIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Deny","Action":["a:B"],"Resource":["*"]}]}`:                                         "S must have the Effect Allow",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["a:B"],"Resource":["*"]}]}`:                                               "NotAction",
		`{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Action":["a:B"],"Resource":["*"],"Condition":{"StringLike":{"k":["v"]}}}]}`: "StringLike",
		`{"Version":"2008-10-17","Statement":[]}`: "2008-10-17",
		`{`: "reading a policy",
	} {
		_, err := Parse([]byte(text))
		require.ErrorContains(t, err, want)
	}
}
