package firehose

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"fmt"
)

// Hooks is where a control plane lets others take part in its calls.
type Hooks interface {
	Before(controlplane.Action, controlplane.BeforeFunc)
	After(controlplane.Action, controlplane.AfterFunc)
}

var _ Hooks = (*controlplane.Proxy)(nil)

// Attach makes the control plane's delivery streams work. A stream reads from LATEST before the answer to its creation is given.
func (s *Service) Attach(h Hooks) {
	s.interfaces.attach(h)
	for name, f := range map[string]func(context.Context, string) error{
		"CreateDeliveryStream": s.Create,
		"UpdateDestination":    s.Update,
		"DeleteDeliveryStream": func(_ context.Context, name string) error { s.Delete(name); return nil },
	} {
		h.After(controlplane.Action{Service: "firehose", Name: name}, func(ctx context.Context, c *controlplane.Call) error {
			var request struct{ DeliveryStreamName string }
			if err := c.Decode(&request); err != nil {
				return fmt.Errorf("reading the request: %w", err)
			}
			return f(ctx, request.DeliveryStreamName)
		})
	}
}
