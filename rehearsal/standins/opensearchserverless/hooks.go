package opensearchserverless

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Hooks lets others take part in a control plane's calls.
type Hooks interface {
	Before(controlplane.Action, controlplane.BeforeFunc)
	After(controlplane.Action, controlplane.AfterFunc)
}

var _ Hooks = (*controlplane.Proxy)(nil)

// Attach implements the control plane's collections: created ones start, descriptions are active with the endpoint
// once it is ready, and deleted ones end. Its policies decide about requests, and issued keys are known.
func (c *Collections) Attach(h Hooks) {
	c.keys.Attach(h)
	h.Before(controlplane.Action{Service: signingService, Name: "DeleteCollection"}, c.deletable)
	for name, f := range map[string]controlplane.AfterFunc{
		"CreateCollection":      c.created,
		"BatchGetCollection":    c.described,
		"ListCollections":       c.listed,
		"DeleteCollection":      c.deleted,
		"CreateAccessPolicy":    c.accessChanged,
		"UpdateAccessPolicy":    c.accessChanged,
		"DeleteAccessPolicy":    c.accessDeleted,
		"CreateSecurityPolicy":  c.securityChanged,
		"UpdateSecurityPolicy":  c.securityChanged,
		"DeleteSecurityPolicy":  c.securityDeleted,
		"CreateLifecyclePolicy": c.lifecycleMade,
		"CreateVpcEndpoint":     c.endpointMade,
		"DeleteVpcEndpoint":     c.endpointDeleted,
	} {
		h.After(controlplane.Action{Service: signingService, Name: name}, f)
	}
}

// detail is the relevant part of a collection, a policy or a VPC endpoint in an answer.
type detail struct {
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Type   string          `json:"type"`
	ARN    string          `json:"arn"`
	Policy json.RawMessage `json:"policy"`
}

// only is the single object in an answer.
func only(c *controlplane.Call) (detail, error) {
	var answer map[string]detail
	if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
		return detail{}, fmt.Errorf("reading the answer to %s: %w", c.Action, err)
	}
	for _, one := range answer {
		return one, nil
	}
	return detail{}, fmt.Errorf("the answer to %s is empty", c.Action)
}

func (c *Collections) created(_ context.Context, call *controlplane.Call) error {
	one, err := only(call)
	if err != nil {
		return err
	}
	c.had.Store(true)
	return c.create(one.ID, one.Name, one.Type, one.ARN)
}

// RefuseDeletion makes the deletion of every collection fail until it is allowed again.
func (c *Collections) RefuseDeletion(refuse bool) { c.undeletable.Store(refuse) }

// deletable refuses to delete a collection that is being created:
// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_DeleteCollection.html#API_DeleteCollection_Errors.
func (c *Collections) deletable(_ context.Context, call *controlplane.Call) (bool, error) {
	var request struct{ ID string }
	if err := call.Decode(&request); err != nil {
		return false, fmt.Errorf("reading the collection to delete: %w", err)
	}
	one, ok := c.byID(request.ID)
	if c.undeletable.Load() || ok && one.status() == "CREATING" {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "ConflictException", Message: "Collection cannot be deleted because it is not in the ACTIVE or FAILED state."}
	}
	return false, nil
}

func (c *Collections) deleted(_ context.Context, call *controlplane.Call) error {
	one, err := only(call)
	if err == nil {
		c.delete(one.ID)
	}
	return err
}

// patience is how long a description waits for a collection that is being created, because callers poll without
// pause.
const patience = time.Second

// described reports each collection's state and endpoint.
func (c *Collections) described(ctx context.Context, call *controlplane.Call) error {
	return c.rewrite(call, "collectionDetails", func(one *Collection, told map[string]any) {
		waiting, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_ = one.Wait(waiting) // the code below reports the result
		one.describe(told)
	})
}

func (c *Collections) listed(_ context.Context, call *controlplane.Call) error {
	return c.rewrite(call, "collectionSummaries", func(one *Collection, told map[string]any) { told["status"] = one.status() })
}

// rewrite changes an answer's description of each running collection.
func (c *Collections) rewrite(call *controlplane.Call, key string, change func(*Collection, map[string]any)) error {
	decoder := json.NewDecoder(bytes.NewReader(call.ResponseBody))
	decoder.UseNumber()
	var answer map[string]any
	if err := decoder.Decode(&answer); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", call.Action, err)
	}
	list, _ := answer[key].([]any)
	for _, each := range list {
		told, _ := each.(map[string]any)
		id, _ := told["id"].(string)
		if one, ok := c.byID(id); ok {
			change(one, told)
		}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("rewriting the answer to %s: %w", call.Action, err)
	}
	call.ResponseBody = text
	return nil
}

func (c *Collection) status() string {
	ready, err := c.Ready()
	switch {
	case err != nil:
		return "FAILED"
	case ready:
		return "ACTIVE"
	default:
		return "CREATING"
	}
}

// describe answers as AWS does: no endpoint before the collection is active. The host name is the rehearsal's, as for a
// domain, because AWS's does not resolve here.
func (c *Collection) describe(told map[string]any) {
	delete(told, "collectionEndpoint")
	delete(told, "dashboardEndpoint")
	told["status"] = c.status()
	switch told["status"] {
	case "ACTIVE":
		told["collectionEndpoint"] = "https://" + c.Endpoint()
		told["dashboardEndpoint"] = "https://" + c.Endpoint() + "/_dashboards"
	case "FAILED":
		_, err := c.Ready()
		told["failureCode"], told["failureMessage"] = "RehearsalFailure", err.Error()
	}
}

func (c *Collections) accessChanged(ctx context.Context, call *controlplane.Call) error {
	one, err := only(call)
	if err != nil {
		return err
	}
	c.probeBefore(ctx, one.Policy)
	return c.policies.put(one.Name, one.Policy)
}

func (c *Collections) accessDeleted(_ context.Context, call *controlplane.Call) error {
	one, err := named(call)
	if err != nil {
		return err
	}
	return c.policies.put(one.Name, nil)
}

func (c *Collections) securityChanged(_ context.Context, call *controlplane.Call) error {
	one, err := only(call)
	if err != nil || one.Type != "network" {
		return err
	}
	return c.policies.putNetwork(one.Name, one.Policy)
}

func (c *Collections) securityDeleted(_ context.Context, call *controlplane.Call) error {
	one, err := named(call)
	if err != nil || one.Type != "network" {
		return err
	}
	return c.policies.putNetwork(one.Name, nil)
}

func (c *Collections) lifecycleMade(_ context.Context, call *controlplane.Call) error {
	one, err := only(call)
	if err == nil {
		c.policies.putRetention(one.Name)
	}
	return err
}

func (c *Collections) endpointMade(_ context.Context, call *controlplane.Call) error {
	one, err := only(call)
	if err == nil {
		c.policies.putEndpoint(one.ID, true)
	}
	return err
}

func (c *Collections) endpointDeleted(_ context.Context, call *controlplane.Call) error {
	one, err := only(call)
	if err == nil {
		c.policies.putEndpoint(one.ID, false)
	}
	return err
}

// named is the name in a request.
func named(call *controlplane.Call) (detail, error) {
	var one struct{ Name, Type string }
	if err := call.Decode(&one); err != nil {
		return detail{}, errors.Join(fmt.Errorf("reading the request of %s", call.Action), err)
	}
	return detail{Name: one.Name, Type: one.Type}, nil
}
