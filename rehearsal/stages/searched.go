package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/stores"
	"context"
	"errors"
	"fmt"
)

// searched are the names of what the stack searches: a domain, or two collections.
type searched struct{ history, current string }

func (r *Run) searched() searched {
	if r.output("searchKind") == "serverless" {
		return searched{r.output("historyCollection"), r.output("currentCollection")}
	}
	return searched{r.output("searchDomainName"), r.output("searchDomainName")}
}

// endpoint is a domain's, or a collection's.
type endpoint interface {
	Admin(ctx context.Context) (*stores.Client, error)
}

// admin calls the node behind a domain or a collection, past every permission.
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

// probe reports what the delivery's role may do before and after it is let in: by a role mapping, or by a data access policy.
func (r *Run) probe(ctx context.Context) error {
	if r.output("searchKind") == "serverless" {
		probe, err := r.World.Collections.Probe(ctx)
		r.Report.Mapping = report.Mapping{BeforeStatus: probe.BeforeStatus, BeforeMessage: probe.BeforeMessage, AfterStatus: probe.AfterStatus}
		return err //nolint:wrapcheck // it says what was asked
	}
	probe := r.World.Domains.Probe()
	if probe.Problem != "" {
		return errors.New(probe.Problem)
	}
	r.Report.Mapping = report.Mapping{BeforeStatus: probe.BeforeStatus, BeforeMessage: probe.BeforeMessage, AfterStatus: probe.AfterStatus}
	return nil
}
