package lambda

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"net/http"
	"strings"
)

func (r *Runner) attach(p *controlplane.Proxy) {
	on := func(name string) controlplane.Action { return controlplane.Action{Service: "lambda", Name: name} }
	p.After(on("CreateFunction"), r.created)
	p.After(on("UpdateFunctionCode"), r.updated)
	p.After(on("DeleteFunction"), r.deleted)
	p.After(on("PutFunctionConcurrency"), r.reserve)
	p.After(on("DeleteFunctionConcurrency"), r.release)
	p.Before(on("Invoke"), r.invoked)
}

// invoked answers as in https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func (r *Runner) invoked(ctx context.Context, c *controlplane.Call) (bool, error) {
	name := pathName(c)
	c.Header.Set("X-Amz-Executed-Version", "$LATEST")
	switch c.Request.Header.Get("X-Amz-Invocation-Type") {
	case "DryRun":
		c.Status = http.StatusNoContent
		return true, nil
	case "Event":
		go func() {
			if _, err := r.Invoke(r.ctx, name, c.RequestBody); err != nil {
				r.options.Log.Warn("asynchronous invocation failed", "function", name, "error", err)
			}
		}()
		c.Status = http.StatusAccepted
		return true, nil
	}
	result, err := r.Invoke(ctx, name, c.RequestBody)
	if err != nil {
		return false, err
	}
	if result.FunctionError != "" {
		c.Header.Set("X-Amz-Function-Error", result.FunctionError)
	}
	c.Status, c.ResponseBody = http.StatusOK, result.Payload
	return true, nil
}

func (r *Runner) created(_ context.Context, c *controlplane.Call) error {
	var request struct {
		FunctionName string
		Code         upload
	}
	if err := c.Decode(&request); err != nil {
		return err
	}
	return r.keep(bareName(request.FunctionName), request.Code)
}

func (r *Runner) updated(_ context.Context, c *controlplane.Call) error {
	var request struct {
		upload
		DryRun bool
	}
	if err := c.Decode(&request); err != nil || request.DryRun {
		return err
	}
	return r.keep(pathName(c), request.upload)
}

func (r *Runner) deleted(_ context.Context, c *controlplane.Call) error {
	name := pathName(c)
	r.mu.Lock()
	f := r.functions[name]
	delete(r.functions, name)
	delete(r.ownConcurrency, name)
	r.mu.Unlock()
	if f != nil {
		f.delete()
	}
	return nil
}

// pathName is the function's name in /2015-03-31/functions/NAME/….
func pathName(c *controlplane.Call) string {
	_, rest, _ := strings.Cut(c.Request.URL.Path, "/functions/")
	name, _, _ := strings.Cut(rest, "/")
	return bareName(name)
}
