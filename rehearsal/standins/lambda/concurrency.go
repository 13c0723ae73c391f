package lambda

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"net/http"
)

// ErrThrottled is Lambda's answer when a function's concurrency is used up.
var ErrThrottled = &controlplane.Error{
	Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate Exceeded. Reason: ReservedFunctionConcurrentInvocationLimitExceeded",
}

// stopped reports whether a function's reserved concurrency is 0.
func (r *Runner) stopped(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	reserved, ok := r.ownConcurrency[name]
	return ok && reserved == 0
}

// reserve sets a function's reserved concurrency.
func (r *Runner) reserve(_ context.Context, c *controlplane.Call) error {
	var request struct{ ReservedConcurrentExecutions int }
	if err := c.Decode(&request); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ownConcurrency[pathName(c)] = request.ReservedConcurrentExecutions
	return nil
}

// release removes it.
func (r *Runner) release(_ context.Context, c *controlplane.Call) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ownConcurrency, pathName(c))
	return nil
}
