package lambda

import (
	"cdcpipeline/rehearsal/machine/process"
	"context"
	"fmt"
	"time"
)

// Direct is a function's process that is called without a control plane, for measurements of the function alone.
// It handles one event at a time, like each of Lambda's environments.
type Direct struct{ *environment }

// StartDirect runs a function's program, whose environment gets the address of the runtime interface; an event may take that long.
func StartDirect(ctx context.Context, c process.Command, timeout time.Duration) (*Direct, error) {
	api, err := newRuntimeAPI()
	if err != nil {
		return nil, err
	}
	c.Env, c.Grace = append(c.Env, "AWS_LAMBDA_RUNTIME_API="+api.address), grace
	child, err := process.Start(ctx, c)
	if err != nil {
		api.close()
		return nil, fmt.Errorf("running %s: %w", c.Name, err)
	}
	return &Direct{&environment{timeout: timeout, process: child, api: api}}, nil
}

// Invoke sends an event and waits for the answer. If the process has ended or takes too long, it returns a Result
// with a FunctionError.
func (d *Direct) Invoke(ctx context.Context, event []byte) (Result, error) {
	result, _, err := d.invoke(ctx, event)
	return result, err
}

// PID returns the id of the process.
func (d *Direct) PID() int { return d.process.PID() }

// Stop ends it.
func (d *Direct) Stop() { d.stop() }
