// Package permissions converts a rehearsal's API calls to the IAM policies that a deployment needs.
//
// A rehearsal records which AWS operations the deployer (the AWS provider, the program) and the operator (`cdc`)
// called. AWS's reference gives their IAM actions, further needed actions, and the possible restrictions.
// docs/permissions.md and the policies beside it are generated from a committed recording: recorded.json.
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

// Recording lists the operations that each caller called, as service:Operation, sorted.
type Recording struct {
	Deployer []string `json:"deployer"`
	Operator []string `json:"operator"`
	// Tagged are the deployer's operations that added tags to new resources.
	Tagged []string `json:"tagged"`
}

// Add stores the calls of deployer and operator in a part of the rehearsal, and those with tags, in the part's file
// in a folder. It writes the calls of all parts beside the folder: calls/faults.json, calls.json. IAM does not depend
// on the number of calls, or on other callers.
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

// merged is the sorted union of lists; an empty list, not nil, when they are empty.
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
