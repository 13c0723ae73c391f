package pack

import (
	"cdcpipeline/policy/exception"
	"cdcpipeline/policy/rules"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// settings has the pack's configuration from the engine and the environment. The engine may send several requests
// at once.
type settings struct {
	captureFile string
	now         func() time.Time

	mu     sync.Mutex
	list   exception.List
	inputs map[string]map[string]any // by URN
}

// configure reads the whole configuration of the pack from --policy-pack-config. It refuses unknown rules and
// keys, because the engine and policyx ignore them, and nobody would notice a misspelt exception.
func (s *settings) configure(given map[string]*pulumirpc.PolicyConfig) error {
	names := ruleNames()
	var problems []error
	var list exception.List
	for _, name := range slices.Sorted(maps.Keys(given)) {
		properties := given[name].GetProperties().AsMap()
		switch {
		case name == exception.Policy:
			var err error
			list, err = exception.Parse(properties, names)
			problems = append(problems, err)
		case name != "all" && name != captureInputsPolicy && name != captureStackPolicy && !slices.Contains(names, name):
			problems = append(problems, fmt.Errorf("there is no rule %q: docs/policies.md lists them", name))
		case len(properties) > 0:
			problems = append(problems, fmt.Errorf("%s: takes nothing but an enforcementLevel, not %v", name, slices.Sorted(maps.Keys(properties))))
		case given[name].GetEnforcementLevel() == pulumirpc.EnforcementLevel_REMEDIATE:
			problems = append(problems, fmt.Errorf("%s: rules remediate nothing: use advisory, mandatory or disabled", name))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("the configuration of the policy pack %s: %w", Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = list
	return nil
}

func ruleNames() []string {
	all := rules.All()
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return names
}

func (s *settings) allowed() exception.List {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

func (s *settings) remember(urn string, inputs map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inputs == nil {
		s.inputs = map[string]map[string]any{}
	}
	s.inputs[urn] = inputs
}

func (s *settings) recall(urn string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inputs[urn]
}
