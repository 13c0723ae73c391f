package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Target is a destination as its writers see it: its address, and how to get access. [Access.Target] returns that of
// a domain, [Collections.History] and [Collections.Current] those of collections.
type Target struct {
	Endpoint Endpoint
	Grant    Grant

	// other is the backend of a destination other than a domain.
	other backend
}

func (t Target) backend() backend {
	if t.other == nil {
		return domainBackend{}
	}
	return t.other
}

// Endpoint is the address for documents.
type Endpoint struct {
	// Arn of the destination, for Firehose and IAM.
	Arn pulumi.StringOutput
	// URL for requests, without a trailing slash.
	URL pulumi.StringOutput
}

// Grant gives a writer access and names what the writer must wait for.
type Grant struct {
	// Admit lets an IAM role act on indices. It returns what must exist before the role writes.
	Admit func(name string, roleArn pulumi.StringInput, p Permissions) (pulumi.Resource, error)
	// Template makes an index template from JSON. It returns what must exist before the first index that uses it.
	Template func(name, template, body string) (pulumi.Resource, error)
	// History must exist before the first document of the history index.
	History pulumi.Resource
	// Histories makes what a named source's history needs. It returns what must exist before the first document.
	Histories func(source string, cfg config.Search) (pulumi.Resource, error)
}

// history is what must exist before the first document of a source's history. The unnamed source's history is made
// with the destination.
func (g Grant) history(source string, cfg config.Search) (pulumi.Resource, error) {
	if source == "" {
		return g.History, nil
	}
	return g.Histories(source, cfg)
}

// Target is the domain as a writer sees it.
func (a *Access) Target() Target {
	return Target{
		Endpoint: Endpoint{Arn: a.domain.Arn, URL: pulumi.Sprintf("https://%s", a.domain.Endpoint)},
		Grant:    Grant{Admit: a.Grant, Template: a.indexTemplate, History: a.Template, Histories: a.histories},
	}
}

// given reports which parts of the target a writer has.
func (t Target) given(given component.Given) component.Given {
	given["Target.Endpoint"] = t.Endpoint.Arn.OutputState != nil && t.Endpoint.URL.OutputState != nil
	given["Target.Grant"] = t.Grant.Admit != nil && t.Grant.Template != nil && t.Grant.History != nil && t.Grant.Histories != nil
	return given
}
