package preflight

import (
	"encoding/json"
	"errors"
)

// State is what a stack has already: nothing before the first deployment, a part after one that died halfway.
type State struct {
	// Deployed says that a deployment has ended well: the stack has outputs.
	Deployed bool
	// Account that it was deployed to.
	Account   string
	resources []resource
}

type resource struct {
	Type    string         `json:"type"`
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
	// Delete marks a replaced resource that is not deleted yet.
	Delete bool `json:"delete"`
}

// ParseState reads what `pulumi stack export` prints. Secrets in it stay closed: names are none.
func ParseState(printed []byte) (State, error) {
	var export struct {
		Deployment struct {
			Resources []resource `json:"resources"`
		} `json:"deployment"`
	}
	if json.Unmarshal(printed, &export) != nil { // its error would quote values
		return State{}, errors.New("reading the stack's state: `pulumi stack export` printed unexpected JSON: update the pulumi CLI")
	}
	s := State{}
	for _, r := range export.Deployment.Resources {
		if r.Delete {
			continue
		}
		s.resources = append(s.resources, r)
		if r.Type == "pulumi:pulumi:Stack" && len(r.Outputs) > 0 {
			s.Deployed = true
			s.Account, _ = r.Outputs["accountId"].(string)
		}
	}
	return s, nil
}

// count is how many resources of a type the stack has.
func (s State) count(typ string) int { return len(s.of(typ)) }

func (s State) of(typ string) (found []resource) {
	for _, r := range s.resources {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	return found
}

// Outputs are what the stack's resources of a type are like.
func (s State) Outputs(typ string) []map[string]any {
	found := []map[string]any{}
	for _, r := range s.of(typ) {
		found = append(found, r.Outputs)
	}
	return found
}

// owns says that the stack has a resource whose input is a name.
func (s State) owns(typ, input, name string) bool {
	for _, r := range s.of(typ) {
		if r.Inputs[input] == name {
			return true
		}
	}
	return false
}
