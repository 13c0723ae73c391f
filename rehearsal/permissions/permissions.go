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
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Recording is which operations each caller called, as service:Operation, sorted.
type Recording map[controlplane.Caller][]string

// Add keeps what the deployer and the operator called in a part of the rehearsal, in a file of the part's in a folder,
// and writes what all parts called beside the folder: calls/faults.json, calls.json. How often, and what anybody else
// called, is of no interest to IAM.
func Add(folder, part string, calls map[controlplane.Caller]map[controlplane.Action]int) error {
	own := Recording{}
	for _, caller := range []controlplane.Caller{controlplane.Deployer, controlplane.Operator} {
		own[caller] = []string{}
		for action := range maps.Keys(calls[caller]) {
			own[caller] = append(own[caller], action.String())
		}
		slices.Sort(own[caller])
	}
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
		for caller, operations := range r {
			operations = append(slices.Clone(operations), all[caller]...)
			slices.Sort(operations)
			all[caller] = slices.Compact(operations)
		}
	}
	return all.write(folder + ".json")
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
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the recording: %w", err)
	}
	var r Recording
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("reading the recording %s: %w", path, err)
	}
	return r, nil
}
