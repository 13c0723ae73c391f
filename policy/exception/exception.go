// Package exception reads the policy pack's allow-list. An entry says which resource may break which rule, why,
// and until when.
package exception

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Policy is the name of the policy whose configuration is the list.
const Policy = "exceptions"

// Entry allows matching resources to break one rule.
type Entry struct {
	// Rule is the rule's name.
	Rule string `json:"rule"`
	// Resource is a URN, or a pattern of a resource's name with * and ?.
	Resource string `json:"resource"`
	// Reason tells the next reader why.
	Reason string `json:"reason"`
	// Expires is the last day on which the entry is valid, YYYY-MM-DD in UTC.
	Expires string `json:"expires"`

	until time.Time
}

// List is the allow-list.
type List []Entry

// Parse reads the configuration of Policy: an object with the key allow. It refuses unknown keys, unknown rules,
// and entries without a resource, a reason or an expiry. It returns all problems as one joined error.
func Parse(configuration map[string]any, rules []string) (List, error) {
	text, err := json.Marshal(configuration)
	if err != nil {
		return nil, fmt.Errorf("reading the exceptions: %w", err)
	}
	var given struct {
		Allow List `json:"allow"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		return nil, fmt.Errorf("reading the exceptions: %w", err)
	}
	var problems []error
	for i := range given.Allow {
		if err := given.Allow[i].check(rules); err != nil {
			problems = append(problems, fmt.Errorf("exceptions.allow[%d]: %w", i, err))
		}
	}
	return given.Allow, errors.Join(problems...)
}

func (e *Entry) check(rules []string) error {
	var problems []error
	if !slices.Contains(rules, e.Rule) {
		problems = append(problems, fmt.Errorf("rule: there is no rule %q", e.Rule))
	}
	if _, err := path.Match(e.Resource, ""); e.Resource == "" || err != nil {
		problems = append(problems, fmt.Errorf("resource: %q is neither a URN nor a pattern of names", e.Resource))
	}
	if strings.TrimSpace(e.Reason) == "" {
		problems = append(problems, errors.New("reason: say why"))
	}
	day, err := time.Parse(time.DateOnly, e.Expires)
	if err != nil {
		problems = append(problems, fmt.Errorf("expires: %q is not a date such as 2027-06-30", e.Expires))
	}
	e.until = day.AddDate(0, 0, 1)
	return errors.Join(problems...)
}

// Expired reports whether the entry is no longer valid.
func (e Entry) Expired(now time.Time) bool { return !now.Before(e.until) }

// Expired returns the entries that are no longer valid.
func (l List) Expired(now time.Time) List {
	var expired List
	for _, e := range l {
		if e.Expired(now) {
			expired = append(expired, e)
		}
	}
	return expired
}

// Allows reports whether a resource may break a rule at the time now.
func (l List) Allows(rule, urn, name string, now time.Time) bool {
	return slices.ContainsFunc(l, func(e Entry) bool {
		matches, _ := path.Match(e.Resource, name) // Parse has checked the pattern
		return e.Rule == rule && (e.Resource == urn || matches) && !e.Expired(now)
	})
}
