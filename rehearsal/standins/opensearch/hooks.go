package opensearch

import (
	"bytes"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Attach implements the control plane's domains: created ones start, descriptions contain the endpoint once it is
// ready, and deleted ones end. It also makes issued keys known to the endpoints.
func (d *Domains) Attach(p *controlplane.Proxy) {
	p.After(controlplane.Action{Service: "es", Name: "CreateDomain"}, d.created)
	p.After(controlplane.Action{Service: "es", Name: "DescribeDomain"}, d.described)
	p.After(controlplane.Action{Service: "es", Name: "DescribeDomains"}, d.describedAll)
	p.After(controlplane.Action{Service: "es", Name: "UpdateDomainConfig"}, d.updated)
	p.Before(controlplane.Action{Service: "es", Name: "DeleteDomain"}, d.deletable)
	p.After(controlplane.Action{Service: "es", Name: "DeleteDomain"}, d.deleted)
	d.keys.Attach(p)
}

// domainRequest is the relevant part of CreateDomain's and UpdateDomainConfig's request.
type domainRequest struct {
	DomainName              string
	VPCOptions              *struct{}
	AdvancedSecurityOptions struct{ MasterUserOptions MasterUser }
}

// startLimit is the maximum time of a domain's start.
const startLimit = 5 * time.Minute

// created answers only when the domain is ready. AWS answers at once. But in the rehearsal the caller waits only a few
// seconds, and would assume that a domain in creation has no endpoint.
func (d *Domains) created(ctx context.Context, c *controlplane.Call) error {
	var request domainRequest
	if err := c.Decode(&request); err != nil {
		return fmt.Errorf("reading the domain to create: %w", err)
	}
	domain, err := d.Create(request.DomainName, request.VPCOptions != nil, request.AdvancedSecurityOptions.MasterUserOptions)
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := domain.Wait(waiting); err != nil {
		return err
	}
	return rewrite(c, "DomainStatus", func(status map[string]any) error { return domain.describe(status) })
}

func (d *Domains) described(_ context.Context, c *controlplane.Call) error {
	return rewrite(c, "DomainStatus", d.describe)
}

func (d *Domains) describedAll(_ context.Context, c *controlplane.Call) error {
	return rewrite(c, "DomainStatusList", d.describe)
}

func (d *Domains) updated(ctx context.Context, c *controlplane.Call) error {
	var request domainRequest
	if err := c.Decode(&request); err != nil {
		return fmt.Errorf("reading the domain's update: %w", err)
	}
	master := request.AdvancedSecurityOptions.MasterUserOptions
	if master.Password == "" {
		return nil
	}
	name := strings.TrimSuffix(c.Request.URL.Path[strings.Index(c.Request.URL.Path, "/domain/")+len("/domain/"):], "/config")
	domain, ok := d.Domain(name)
	if !ok {
		return fmt.Errorf("updating domain %q: the rehearsal runs no such domain", name)
	}
	return domain.SetMaster(ctx, master)
}

// RefuseDeletion makes the deletion of every domain fail until it is allowed again.
func (d *Domains) RefuseDeletion(refuse bool) { d.undeletable.Store(refuse) }

func (d *Domains) deletable(context.Context, *controlplane.Call) (bool, error) {
	if d.undeletable.Load() {
		return false, &controlplane.Error{Status: http.StatusBadRequest, Code: "ValidationException", Message: "The domain cannot be deleted at the moment."}
	}
	return false, nil
}

func (d *Domains) deleted(_ context.Context, c *controlplane.Call) error {
	return rewrite(c, "DomainStatus", func(status map[string]any) error {
		name, _ := status["DomainName"].(string)
		d.Delete(name)
		return nil
	})
}

// describe adds a running domain's real state to the control plane's description.
func (d *Domains) describe(status map[string]any) error {
	name, _ := status["DomainName"].(string)
	domain, ok := d.Domain(name)
	if !ok {
		return nil
	}
	return domain.describe(status)
}

// describe fills a DomainStatus as the Amazon service does: without an endpoint before the domain answers, and
// never with a master password. If a domain's node did not start, it returns an error, so that no caller waits for
// it.
func (d *Domain) describe(status map[string]any) error {
	ready, err := d.Ready()
	if err != nil {
		return err
	}
	delete(status, "Endpoint")
	delete(status, "Endpoints")
	if security, ok := status["AdvancedSecurityOptions"].(map[string]any); ok {
		delete(security, "MasterUserOptions")
	}
	status["Created"], status["UpgradeProcessing"], status["Processing"] = true, false, !ready
	status["DomainProcessingStatus"] = "Creating"
	if !ready {
		return nil
	}
	status["DomainProcessingStatus"] = "Active"
	if d.InVPC {
		status["Endpoints"] = map[string]any{"vpc": d.Endpoint()}
	} else {
		status["Endpoint"] = d.Endpoint()
	}
	return nil
}

// rewrite changes the object, or each object in the list, under a key of an answer.
func rewrite(c *controlplane.Call, key string, change func(map[string]any) error) error {
	decoder := json.NewDecoder(bytes.NewReader(c.ResponseBody))
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil {
		return fmt.Errorf("reading the answer to %s: %w", c.Action, err)
	}
	found := objects(body[key])
	if one, ok := body[key].(map[string]any); ok {
		found = append(found, one)
	}
	for _, object := range found {
		if err := change(object); err != nil {
			return err
		}
	}
	changed, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("rewriting the answer to %s: %w", c.Action, err)
	}
	c.ResponseBody = changed
	return nil
}
