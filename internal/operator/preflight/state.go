package preflight

import (
	"encoding/json"
	"errors"
)

// State describes what a stack already has. It is empty before the first deployment, and partial after a failed one.
type State struct {
	// Deployed is true if a deployment has succeeded, so that the stack has outputs.
	Deployed bool
	// Account is the account of the deployment.
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

// ParseState reads the output of `pulumi stack export`. Secrets stay encrypted, because no name is a secret.
func ParseState(printed []byte) (State, error) {
	var export struct {
		Deployment struct {
			Resources []resource `json:"resources"`
		} `json:"deployment"`
	}
	if json.Unmarshal(printed, &export) != nil { // the error would quote values
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

// count counts the stack's resources of a type.
func (s State) count(typ string) int { return len(s.of(typ)) }

func (s State) of(typ string) (found []resource) {
	for _, r := range s.resources {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	return found
}

// Outputs returns the outputs of the stack's resources of a type.
func (s State) Outputs(typ string) []map[string]any {
	found := []map[string]any{}
	for _, r := range s.of(typ) {
		found = append(found, r.Outputs)
	}
	return found
}

// owns reports whether the stack has a resource with this name in an input.
func (s State) owns(typ, input, name string) bool {
	for _, r := range s.of(typ) {
		if r.Inputs[input] == name {
			return true
		}
	}
	return false
}
