package opensearchserverless

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Probe is a bulk request with one document, sent as a delivery's role before its data access policy was made and
// after it took effect.
type Probe struct {
	// Role is the caller's ARN; empty when no role was admitted yet. Collection and Index are its target.
	Role, Collection, Index string
	// BeforeStatus and BeforeMessage are the refusal without the policy; AfterStatus is the document's status with
	// it.
	BeforeStatus  int
	BeforeMessage string
	AfterStatus   int
}

// claim looks for a role and an index in a data access policy. It returns them if the role may write documents to
// the index but not read them, as a delivery may.
func claim(document json.RawMessage) (Probe, bool) {
	var entries []grant
	if json.Unmarshal(document, &entries) != nil {
		return Probe{}, false // the control plane reports what is wrong with it
	}
	for _, entry := range entries {
		for _, r := range entry.Rules {
			if r.ResourceType != "index" || !slices.Contains(r.Permission, writeDocument) || slices.Contains(r.Permission, readDocument) {
				continue
			}
			for _, resource := range r.Resource {
				parts := strings.Split(resource, "/")
				if len(parts) == 3 && !strings.Contains(resource, "*") && len(entry.Principal) > 0 {
					return Probe{Role: entry.Principal[0], Collection: parts[1], Index: parts[2]}, true
				}
			}
		}
	}
	return Probe{}, false
}

// probeWaits is how long a policy waits for its collection, which may be created at the same time.
const probeWaits = 90 * time.Second

// probeBefore sends the first delivery's probe while its policy does not exist yet. Without a collection there is
// nothing to test.
func (c *Collections) probeBefore(ctx context.Context, document json.RawMessage) {
	probe, ok := claim(document)
	if !ok || !c.probes {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, probeWaits)
	defer cancel()
	one, ok := c.Collection(probe.Collection)
	for !ok && ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		one, ok = c.Collection(probe.Collection)
	}
	if !ok || one.Wait(ctx) != nil {
		return
	}
	probe.BeforeStatus, probe.BeforeMessage, _ = one.writeAs(ctx, probe.Role, probe.Index)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.probe.Role == "" {
		c.probe = probe
	}
}

// Probe writes and deletes a document as the delivery's role, and returns that answer and the one from before the
// role's data access policy.
func (c *Collections) Probe(ctx context.Context) (Probe, error) {
	c.mu.Lock()
	probe := c.probe
	c.mu.Unlock()
	if probe.Role == "" {
		return probe, errors.New("no delivery's role was let into a collection that was there")
	}
	one, ok := c.Collection(probe.Collection)
	if !ok {
		return probe, fmt.Errorf("the collection %s does not exist", probe.Collection)
	}
	status, told, id := one.writeAs(ctx, probe.Role, probe.Index)
	if probe.AfterStatus = status; id == "" {
		return probe, fmt.Errorf("the delivery's role cannot write: %d %s", status, told)
	}
	admin, err := one.Admin(ctx)
	if err != nil {
		return probe, err
	}
	path := "/" + url.PathEscape(probe.Index) + "/_doc/" + url.PathEscape(id) + "?refresh=true"
	if err := admin.Do(ctx, http.MethodDelete, path, nil, nil); err != nil {
		return probe, fmt.Errorf("taking the probe's document away: %w", err)
	}
	return probe, nil
}

// writeAs sends one document as a role, without checking a signature or IAM policies. It returns the status and the id of
// the written document. If the call or the document is refused, it also returns the reason.
func (c *Collection) writeAs(ctx context.Context, role, index string) (status int, reason, id string) {
	lines := fmt.Sprintf("{\"index\":{\"_index\":%q}}\n{\"metadata\":{\"operation\":\"probe\"}}\n", index)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/_bulk", bytes.NewReader([]byte(lines)))
	r.Header.Set("Content-Type", "application/x-ndjson")
	w := httptest.NewRecorder()
	q, err := c.read(r, []byte(lines), role)
	if err == nil {
		err = c.serveBulk(w, q)
	}
	if no := (*refusal)(nil); errors.As(err, &no) {
		return no.status, no.reason, ""
	}
	if err != nil {
		return http.StatusBadGateway, err.Error(), ""
	}
	var out struct {
		Items []map[string]struct {
			Status int    `json:"status"`
			ID     string `json:"_id"`
			Error  struct {
				Reason string `json:"reason"`
			} `json:"error"`
		} `json:"items"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		return w.Code, w.Body.String(), ""
	}
	for _, item := range out.Items {
		for _, result := range item {
			if result.Status/100 == 2 {
				id = result.ID
			}
			return result.Status, result.Error.Reason, id
		}
	}
	return w.Code, w.Body.String(), ""
}
