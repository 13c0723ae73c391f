package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Probe is a bulk request with one document, sent as a delivery role before and after its role mapping.
type Probe struct {
	// Role is the caller's ARN; empty when no role was mapped yet.
	Role string
	// Index is the index that the probe wrote to and then deleted.
	Index string
	// BeforeStatus and BeforeMessage are the call's refusal without the mapping.
	BeforeStatus  int
	BeforeMessage string
	// AfterStatus is the document's status with the mapping; 0 when the mapping was refused.
	AfterStatus int
	// Problem is the reason why the probe could not be made or cleaned up.
	Problem string
}

// prober sends a domain's probe around the first mapping of an IAM role to a role with an index pattern.
type prober struct {
	mu       sync.Mutex
	patterns map[string]string // by role
	claimed  bool
	probe    Probe
}

func (p *prober) result() Probe {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.probe
}

// learn remembers a role's indices: the first pattern with a trailing star for which the role has more than read
// access.
func (p *prober) learn(role string, body []byte) {
	var request struct {
		IndexPermissions []struct {
			IndexPatterns  []string `json:"index_patterns"`
			AllowedActions []string `json:"allowed_actions"`
		} `json:"index_permissions"`
	}
	if json.Unmarshal(body, &request) != nil {
		return // the node reports what is wrong with it
	}
	for _, permission := range request.IndexPermissions {
		if slices.Contains(permission.AllowedActions, "read") {
			continue
		}
		for _, pattern := range permission.IndexPatterns {
			prefix, ok := strings.CutSuffix(pattern, "*")
			if !ok || prefix == "" || strings.ContainsAny(prefix, "*?/<$") {
				continue
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.patterns == nil {
				p.patterns = map[string]string{}
			}
			p.patterns[role] = prefix
			return
		}
	}
}

// claim returns, once, the role and index to probe.
func (p *prober) claim(role string, body []byte) (arn, index string, ok bool) {
	var request struct {
		BackendRoles []string `json:"backend_roles"`
	}
	if json.Unmarshal(body, &request) != nil {
		return "", "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	prefix, known := p.patterns[role]
	for _, backend := range request.BackendRoles {
		if known && !p.claimed && strings.HasPrefix(backend, "arn:") && strings.Contains(backend, ":role/") {
			p.claimed = true
			return backend, strings.TrimRight(prefix, "-_.") + "-probe", true
		}
	}
	return "", "", false
}

func (p *prober) settle(probe Probe, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probe, p.claimed = probe, !again
}

// probeAround passes a role mapping on. If it is the first one of a delivery role, a request must be refused before
// it and accepted after it.
func (d *Domain) probeAround(w http.ResponseWriter, r *http.Request, body []byte) {
	arn, index, ok := d.prober.claim(strings.TrimPrefix(r.URL.Path, mappingsPath), body)
	if !ok {
		d.Forward(w, r)
		return
	}
	probe := Probe{Role: arn, Index: index}
	status, message, err := d.writeAs(r.Context(), arn, index)
	if err != nil {
		probe.Problem = err.Error()
	}
	probe.BeforeStatus, probe.BeforeMessage = status, message

	recorded := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	d.Forward(recorded, r)
	if recorded.status > 299 {
		d.prober.settle(probe, true)
		return
	}
	if probe.AfterStatus, _, err = d.writeAs(r.Context(), arn, index); err != nil {
		probe.Problem = err.Error()
	}
	if err := d.Node().Admin().Do(r.Context(), http.MethodDelete, "/"+index+"?ignore_unavailable=true", nil, nil); err != nil {
		probe.Problem = err.Error()
	}
	d.prober.settle(probe, false)
	d.Log.Info("the delivery role was probed", "before", probe.BeforeStatus, "message", probe.BeforeMessage, "after", probe.AfterStatus)
}

// writeAs sends one document as a role directly to the node, and returns the status and reason of the call's refusal
// or of the document.
func (d *Domain) writeAs(ctx context.Context, arn, index string) (status int, reason string, err error) {
	authorization, err := d.Node().Authorization(arn, arn)
	if err != nil {
		return 0, "", fmt.Errorf("introducing %s to the node: %w", arn, err)
	}
	caller := d.WithAuthorization(authorization)
	lines := fmt.Sprintf("{\"index\":{\"_index\":%q}}\n{\"metadata\":{\"operation\":\"probe\"}}\n", index)
	status, content, err := caller.Call(ctx, http.MethodPost, "/_bulk", []byte(lines))
	if err != nil {
		return 0, "", fmt.Errorf("probing as %s: %w", arn, err)
	}
	type failure struct {
		Reason string `json:"reason"`
	}
	var out struct {
		Error failure `json:"error"`
		Items []map[string]struct {
			Status int     `json:"status"`
			Error  failure `json:"error"`
		} `json:"items"`
	}
	if err := json.Unmarshal(content, &out); err != nil {
		return status, string(content), nil // the answer names its problem
	}
	for _, item := range out.Items {
		for _, result := range item {
			return result.Status, result.Error.Reason, nil
		}
	}
	return status, out.Error.Reason, nil
}
