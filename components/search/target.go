package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Target is all that a writer knows of the place it writes documents to: where it is, and how one is let in.
// [Access.Target] gives that of a domain, [Collections.History] and [Collections.Current] those of collections.
type Target struct {
	Endpoint Endpoint
	Grant    Grant

	// other than a domain.
	other backend
}

func (t Target) backend() backend {
	if t.other == nil {
		return domainBackend{}
	}
	return t.other
}

// Endpoint is where documents are sent.
type Endpoint struct {
	// Arn that Firehose and IAM know the place by.
	Arn pulumi.StringOutput
	// URL that requests are sent to, without a slash at its end.
	URL pulumi.StringOutput
}

// Grant is how a writer is let in, and what it must wait for.
type Grant struct {
	// Admit lets an IAM role act on indices, and gives what must exist before the role writes.
	Admit func(name string, roleArn pulumi.StringInput, p Permissions) (pulumi.Resource, error)
	// Template makes a template of indices, as JSON, and gives what must exist before the first of them does.
	Template func(name, template, body string) (pulumi.Resource, error)
	// History must exist before the first document of the history index does.
	History pulumi.Resource
	// Histories makes what the history of a named source needs, and gives what must exist before its first document does.
	Histories func(source string, cfg config.Search) (pulumi.Resource, error)
}

// history is what must exist before the first document of a source's history does; that of the unnamed source is there with the place.
func (g Grant) history(source string, cfg config.Search) (pulumi.Resource, error) {
	if source == "" {
		return g.History, nil
	}
	return g.Histories(source, cfg)
}

// Target is the inside of the domain.
func (a *Access) Target() Target {
	return Target{
		Endpoint: Endpoint{Arn: a.domain.Arn, URL: pulumi.Sprintf("https://%s", a.domain.Endpoint)},
		Grant:    Grant{Admit: a.Grant, Template: a.indexTemplate, History: a.Template, Histories: a.histories},
	}
}

// given says what of the target a writer has.
func (t Target) given(given component.Given) component.Given {
	given["Target.Endpoint"] = t.Endpoint.Arn.OutputState != nil && t.Endpoint.URL.OutputState != nil
	given["Target.Grant"] = t.Grant.Admit != nil && t.Grant.Template != nil && t.Grant.History != nil && t.Grant.Histories != nil
	return given
}
