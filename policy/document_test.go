package main_test

import (
	"cdcpipeline/policy/mutation"
	"cdcpipeline/policy/rules"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/policies.md again")

const page = "../docs/policies.md"

const opening = `# Policies

<!-- Written by "go generate ./policy" from the rules; a test keeps it current. -->

` + "`policy/`" + ` is a policy pack. It has the controls of AWS Security Hub for the resources that this project makes, and rules that only this pipeline must keep. It checks
each resource before it is made, and the whole stack at the end of a preview or deployment.

` + "```sh" + `
pulumi preview --policy-pack policy --policy-pack-config policy/dev.json
` + "```" + `

The CLI's Go runtime compiles the folder. Without Go, a CLI of 3.255 or newer takes a built pack
([pulumi/pulumi#24052](https://github.com/pulumi/pulumi/pull/24052)). Releases have one:

` + "```sh" + `
go build -o bin/cdc-policy ./policy
pulumi preview --policy-pack bin/cdc-policy --policy-pack-config policy/dev.json
` + "```" + `

A value that a preview cannot know breaks no rule. Each rule runs again in the deployment, when the value is known. An example is the policy of an IAM role:
it names ARNs, so the first preview cannot read it. The deployment reads it before it makes it.

## Configure it

` + "`--policy-pack-config`" + ` takes a JSON file. It has ` + "`advisory`, `mandatory` (the default) or `disabled`" + ` for each rule, and the exceptions.

` + "```json" + `
{
  "s3-9": "advisory",
  "exceptions": {
    "allow": [
      {"rule": "opensearch-6", "resource": "cdc-search-*", "reason": "one node is enough for tests", "expires": "2027-11-30"}
    ]
  }
}
` + "```" + `

` + "`resource`" + ` is a URN or a pattern of names. Reason and expiry are required. An exception that has ended is itself a violation. Rules and keys
that do not exist are errors. [policy/dev.json](../policy/dev.json) has the exceptions of dev; [policy/prod.json](../policy/prod.json) has none.

With ` + "`CDC_POLICY_CAPTURE=FILE`" + ` the pack writes what it saw to a file (no secret is in it), for the tests in ` + "`policy/testdata`" + `.
`

func document() string {
	var b strings.Builder
	b.WriteString(opening)
	fmt.Fprintf(&b, "\n## Controls of Security Hub\n\n%d rules answer %d controls. Tests give each rule a resource that keeps it, one that breaks it, and one whose value a preview does not know\n"+
		"(`policy/rules`). When a stack is broken in the one respect of a rule, only that rule notices (`policy/mutation`).\n\n", count(true), len(rules.Answered()))
	b.WriteString("| control | rule | severity | what holds | tests | a stack with nothing configured | while a value is unknown |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rules.All() {
		if len(r.Controls) == 0 {
			continue
		}
		links := make([]string, len(r.Controls))
		for i, c := range r.Controls {
			links[i] = fmt.Sprintf("[%s](%s)", c, rules.Link(c))
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s | %s |\n", strings.Join(links, ", "), r.Name, r.Severity, r.Title, tests(r), r.Default, r.Unseen)
	}
	fmt.Fprintf(&b, "\n## The pipeline's own\n\n%d rules.\n\n| rule | severity | what holds | tests | a stack with nothing configured | while a value is unknown |\n|---|---|---|---|---|---|\n", count(false))
	for _, r := range rules.All() {
		if len(r.Controls) == 0 {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", r.Name, r.Severity, r.Title, tests(r), r.Default, r.Unseen)
		}
	}
	aside(&b, "What a preview cannot see", "These controls are about resources that this project can make. They check what happens later or elsewhere.", rules.Unseen())
	aside(&b, "Decided otherwise", "Security Hub reports these controls. Suppress them there with the reason.", rules.Declined())
	return b.String()
}

// tests lists the tests that prove a rule effective. Run them by name: go test ./policy/... -run EACH/NAME.
func tests(r rules.Rule) string {
	broken := 0
	for _, m := range mutation.All() {
		if m.Rule == r.Name {
			broken++
		}
	}
	return fmt.Sprintf("`TestEachRuleKeepsBreaksAndWaits/%s`, %d mutation", r.Name, broken)
}

func aside(b *strings.Builder, title, text string, all []rules.Aside) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| control | what it asks | why no rule |\n|---|---|---|\n", title, text)
	for _, a := range all {
		fmt.Fprintf(b, "| [%s](%s) | %s | %s |\n", a.Control, rules.Link(a.Control), a.Title, a.Why)
	}
}

func count(withControl bool) int {
	return len(slices.DeleteFunc(rules.All(), func(r rules.Rule) bool { return (len(r.Controls) > 0) != withControl }))
}

func TestTheListOfPoliciesIsCurrent(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(document()), 0o644)) //nolint:gosec // a page of the documentation
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, document(), string(text), "run: go generate ./policy")
}
