package program

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/components/search"
	"cdcpipeline/config"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LeadToDomain opens the way to a domain that a program makes without a pipeline, for what is made inside of it; with search.reach direct there is
// nothing to open. It leads through the bastion with this id. The settings are complete. The way is open as long as the process.
func LeadToDomain(ctx *pulumi.Context, cfg config.Search, bastionID pulumi.StringInput, domain *search.Domain) error {
	way, err := openTunnel(ctx, cfg)
	if err != nil || bastionID == nil {
		return err
	}
	lead(way, &bastion.Bastion{InstanceID: bastionID.ToStringOutput()}, domain)
	return nil
}

// Doorway is the way to collections that a program makes without a pipeline.
type Doorway struct {
	ctx     *pulumi.Context
	opened  *doorway
	through *bastion.Bastion
}

// OpenDoorway holds search.gatewayPort for a gateway that signs. With search.reach tunnel it leads through the bastion with this id. The settings are
// complete. The way is open as long as the process.
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

// Gateway is search.CollectionsArgs.Gateway.
func (d *Doorway) Gateway() func(password pulumi.StringOutput) pulumi.StringOutput {
	return d.opened.url()
}

// Lead tells where the collections are.
func (d *Doorway) Lead(to *search.Collections) { d.opened.lead(d.ctx, d.through, to) }
