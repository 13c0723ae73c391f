package stages

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// preflightAskedOnlyWhatItMay compares the calls with the documented policy. All must be allowed, so they only read.
func (r *Run) preflightAskedOnlyWhatItMay() (problems []error) {
	text, err := os.ReadFile(filepath.Join(r.Project, "docs", "preflight-policy.json"))
	if err != nil {
		return []error{fmt.Errorf("reading the policy: %w", err)}
	}
	var policy struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal(text, &policy); err != nil {
		return []error{fmt.Errorf("reading the policy: %w", err)}
	}
	for call := range r.World.Proxy.Calls()[controlplane.Preflight] {
		action := call.String() // with one exception, IAM's action names equal the operations
		switch action {
		case "sts:GetCallerIdentity": // it needs no permission
			continue
		case "s3:HeadBucket":
			action = "s3:ListBucket"
		}
		if !slices.ContainsFunc(policy.Statement, func(s struct{ Action []string }) bool { return slices.Contains(s.Action, action) }) {
			problems = append(problems, fmt.Errorf("cdc preflight calls %s, which docs/preflight-policy.json does not allow", action))
		}
	}
	return problems
}
