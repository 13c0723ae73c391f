package program

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/search"
	"cdcpipeline/config"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LeadToDomain opens a tunnel to a domain that a program makes without a pipeline, through the bastion with this instance id.
// With search.reach direct it opens nothing. The settings have their defaults. The tunnel is open until the process ends.
func LeadToDomain(ctx *pulumi.Context, cfg config.Search, bastionID pulumi.StringInput, domain *search.Domain) error {
	way, err := openTunnel(ctx, cfg)
	if err != nil || bastionID == nil {
		return err
	}
	lead(way, &bastion.Bastion{InstanceID: bastionID.ToStringOutput()}, domain)
	return nil
}

// Doorway is a gateway to collections that a program makes without a pipeline.
type Doorway struct {
	ctx     *pulumi.Context
	opened  *doorway
	through *bastion.Bastion
}

// OpenDoorway listens on search.gatewayPort for requests, which the gateway signs. With search.reach tunnel it forwards them
// through the bastion with this instance id. The settings have their defaults. It is open until the process ends.
func OpenDoorway(ctx *pulumi.Context, cfg config.Search, bastionID pulumi.StringInput) (*Doorway, error) {
	opened, err := openDoorway(ctx, cfg)
	if err != nil {
		return nil, err
	}
	d := &Doorway{ctx: ctx, opened: opened}
	if bastionID != nil {
		d.through = &bastion.Bastion{InstanceID: bastionID.ToStringOutput()}
	}
	return d, nil
}

// Gateway returns the function for search.CollectionsArgs.Gateway.
func (d *Doorway) Gateway() func(password pulumi.StringOutput) pulumi.StringOutput {
	return d.opened.url()
}

// Lead tells the gateway the addresses of the collections.
func (d *Doorway) Lead(to *search.Collections) { d.opened.lead(d.ctx, d.through, to) }
