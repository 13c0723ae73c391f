// Package permissions turns the API calls of a rehearsal into the IAM policies that a deployment needs.
//
// A rehearsal records which operations of AWS the deployer (the AWS provider, the program) and the operator (`cdc`) called;
// what those operations are called in IAM, what they need besides, and what they can be limited to comes from AWS's
// reference. docs/permissions.md and the policies beside it are written from a committed recording: recorded.json.
package permissions

//go:generate go test . -run TestThePageIsCurrent -update

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Recording is which operations each caller called, as service:Operation, sorted.
type Recording struct {
	Deployer []string `json:"deployer"`
	Operator []string `json:"operator"`
	// Tagged are those of the deployer's that gave tags to what they made.
	Tagged []string `json:"tagged"`
}

// Add keeps what the deployer and the operator called in a part of the rehearsal, and with tags, in a file of the part's in
// a folder, and writes what all parts called beside the folder: calls/faults.json, calls.json. How often, and what anybody
// else called, is of no interest to IAM.
func Add(folder, part string, calls map[controlplane.Caller]map[controlplane.Action]int, tagged []string) error {
	own := Recording{operations(calls[controlplane.Deployer]), operations(calls[controlplane.Operator]), merged(tagged)}
	if err := own.write(filepath.Join(folder, part+".json")); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return fmt.Errorf("finding the recordings: %w", err)
	}
	all := Recording{}
	for _, file := range files {
		r, err := Read(file)
		if err != nil {
			return err
		}
		all = Recording{merged(all.Deployer, r.Deployer), merged(all.Operator, r.Operator), merged(all.Tagged, r.Tagged)}
	}
	return all.write(folder + ".json")
}

func operations(calls map[controlplane.Action]int) []string {
	var names []string
	for action := range calls {
		names = append(names, action.String())
	}
	return merged(names)
}

// merged is what lists name, once and sorted; an empty list, not none, when they name nothing.
func merged(lists ...[]string) []string {
	all := append([]string{}, slices.Concat(lists...)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// write writes a recording as JSON.
func (r Recording) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("recording the calls: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("recording the calls: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("recording the calls: %w", err)
	}
	return nil
}

// Read reads a recording.
func Read(path string) (Recording, error) {
	var r Recording
	text, err := os.ReadFile(path)
	if err != nil {
		return r, fmt.Errorf("reading the recording: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("reading the recording %s: %w", path, err)
	}
	return r, nil
}
