package pipeline

import (
	"cdcpipeline/components/observability"
)

// observability comes last and covers all parts.
func (b *builder) observability() (err error) {
	if !b.cfg.Alarms.On() && !b.cfg.Alarms.Draws() {
		return nil
	}
	args := &observability.Args{
		Alarms: b.cfg.Alarms, Environment: b.cfg.Environment, Pipeline: b.name, Feeds: b.Feeds, Tables: b.Tables, KmsKeyArn: b.Key.Arn,
	}
	for _, place := range []*Place{b.Place, b.NextPlace} {
		if place == nil {
			continue
		}
		if place.Domain != nil {
			args.Domains = append(args.Domains, place.Domain)
		}
		if place.Collections != nil {
			args.Collections = append(args.Collections, place.Collections)
		}
	}
	b.Observability, err = observability.New(b.ctx, b.name+"-observability", args, b.child())
	return err
}
