package opensearch

import (
	"cdcpipeline/rehearsal/standins/front"
	"context"
	"fmt"
)

// Domain is a created domain: an endpoint on loopback and the node behind it.
type Domain struct {
	*front.Front
	// Name of the domain, and whether it was created in a VPC: then its endpoint is listed as "vpc".
	Name  string
	InVPC bool

	domains  *Domains
	policies *policies
	prober   *prober
	throttle *throttle
}

func newDomain(d *Domains, name string, inVPC bool) (*Domain, error) {
	endpoint, err := front.Open(d.ctx, d.authority, "domain", name, d.log)
	if err != nil {
		return nil, err //nolint:wrapcheck // the error names the domain
	}
	return &Domain{Front: endpoint, Name: name, InVPC: inVPC, domains: d, policies: newPolicies(), prober: &prober{}, throttle: newThrottle()}, nil
}

// Probe is the answer to a delivery role before and after its role mapping in this domain.
func (d *Domain) Probe() Probe { return d.prober.result() }

// SetMaster changes the master user, like an update of the domain; it waits until the domain is ready.
func (d *Domain) SetMaster(ctx context.Context, master MasterUser) error {
	if err := d.Wait(ctx); err != nil {
		return err //nolint:wrapcheck // the error names the domain
	}
	if err := d.Node().SetMasterPassword(ctx, master.Name, master.Password); err != nil {
		return fmt.Errorf("changing the master user of domain %s: %w", d.Name, err)
	}
	return nil
}

// run runs the domain until it is deleted.
func (d *Domain) run(master MasterUser) {
	d.Run(func(ctx context.Context) (Node, error) { return d.domains.start(ctx, master) }, prepareDashboards, d)
}
