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
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Recording is which operations each caller called, as service:Operation, sorted.
type Recording map[controlplane.Caller][]string

// Add adds what the deployer and the operator called to a recording, which is made when it is missing: each part of a
// rehearsal calls something else. How often, and what anybody else called, is of no interest to IAM.
func Add(path string, calls map[controlplane.Caller]map[controlplane.Action]int) error {
	r, err := Read(path)
	if errors.Is(err, os.ErrNotExist) {
		r, err = Recording{}, nil
	}
	if err != nil {
		return err
	}
	for _, caller := range []controlplane.Caller{controlplane.Deployer, controlplane.Operator} {
		all := append([]string{}, r[caller]...)
		for action := range maps.Keys(calls[caller]) {
			all = append(all, action.String())
		}
		slices.Sort(all)
		r[caller] = slices.Compact(all)
	}
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

// Read is what Add wrote.
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
