package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/stores"
	"context"
	"errors"
	"fmt"
)

// searched are the names of the stack's search destination: a domain or two collections.
type searched struct{ history, current string }

func (r *Run) searched() searched {
	if r.output("searchKind") == "serverless" {
		return searched{r.output("historyCollection"), r.output("currentCollection")}
	}
	return searched{r.output("searchDomainName"), r.output("searchDomainName")}
}

// endpoint is that of a domain or a collection.
type endpoint interface {
	Admin(ctx context.Context) (*stores.Client, error)
}

// admin calls the node behind a domain or a collection, without permission checks.
func (r *Run) admin(ctx context.Context, name string) (*stores.Client, error) {
	var found endpoint
	if domain, ok := r.World.Domains.Domain(name); ok {
		found = domain
	} else if collection, ok := r.World.Collections.Collection(name); ok {
		found = collection
	} else {
		return nil, fmt.Errorf("there is no domain or collection %q", name)
	}
	admin, err := found.Admin(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing in to %s: %w", name, err)
	}
	return admin, nil
}

// probe reports what the delivery's role may do before and after its grant: a role mapping or a data access policy.
func (r *Run) probe(ctx context.Context) error {
	if r.output("searchKind") == "serverless" {
		probe, err := r.World.Collections.Probe(ctx)
		r.Report.Mapping = report.Mapping{BeforeStatus: probe.BeforeStatus, BeforeMessage: probe.BeforeMessage, AfterStatus: probe.AfterStatus}
		return err //nolint:wrapcheck // the error names the request
	}
	probe := r.World.Domains.Probe()
	if probe.Problem != "" {
		return errors.New(probe.Problem)
	}
	r.Report.Mapping = report.Mapping{BeforeStatus: probe.BeforeStatus, BeforeMessage: probe.BeforeMessage, AfterStatus: probe.AfterStatus}
	return nil
}
