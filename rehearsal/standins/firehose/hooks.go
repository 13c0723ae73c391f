package firehose

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"fmt"
)

// Hooks lets others take part in a control plane's calls.
type Hooks interface {
	Before(controlplane.Action, controlplane.BeforeFunc)
	After(controlplane.Action, controlplane.AfterFunc)
}

var _ Hooks = (*controlplane.Proxy)(nil)

// Attach implements the control plane's delivery streams. A stream reads from LATEST before its creation is answered.
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
