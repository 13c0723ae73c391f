// Package exception reads the allow-list of the policy pack: which rule may be broken by which resource, why, and
// until when.
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

// Policy is the name under which the list is configured.
const Policy = "exceptions"

// Entry allows one rule to be broken by the resources that match.
type Entry struct {
	// Rule by its name.
	Rule string `json:"rule"`
	// Resource is a URN or a pattern of a resource's name, with * and ?.
	Resource string `json:"resource"`
	// Reason for the next reader.
	Reason string `json:"reason"`
	// Expires is the last day on which the entry holds, YYYY-MM-DD, in UTC.
	Expires string `json:"expires"`

	until time.Time
}

// List is the allow-list.
type List []Entry

// Parse reads the configuration of Policy: an object with the key allow. Unknown keys, unknown rules, and entries
// without a resource, a reason or an expiry are errors, all of them together.
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

// Expired says that the entry holds no longer.
func (e Entry) Expired(now time.Time) bool { return !now.Before(e.until) }

// Expired are the entries that hold no longer.
func (l List) Expired(now time.Time) List {
	var expired List
	for _, e := range l {
		if e.Expired(now) {
			expired = append(expired, e)
		}
	}
	return expired
}

// Allows says that a resource may break a rule now.
func (l List) Allows(rule, urn, name string, now time.Time) bool {
	return slices.ContainsFunc(l, func(e Entry) bool {
		matches, _ := path.Match(e.Resource, name) // the pattern was checked
		return e.Rule == rule && (e.Resource == urn || matches) && !e.Expired(now)
	})
}
