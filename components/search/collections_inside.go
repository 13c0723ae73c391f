package search

import (
	"cdcpipeline/config"
	"encoding/json"
	"fmt"

	search "github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// gatewayUser is the user name for the gateway.
	gatewayUser = "cdc"
	// gatewayPassword is the password's length in letters and digits: too many to guess.
	gatewayPassword = 40
	// collectionVersion is the version that the provider assumes for a collection, because it cannot ask the
	// collection
	// (https://github.com/opensearch-project/terraform-provider-opensearch/blob/029b9a3d5eff/provider/provider.go).
	collectionVersion = "2.0.0"
)

// History is the collection of changes.
func (c *Collections) History() Target { return c.target(c.history) }

// Current is the collection of present rows.
func (c *Collections) Current() Target { return c.target(c.current) }

func (c *Collections) target(of *collection) Target {
	return Target{
		Endpoint: Endpoint{Arn: of.made.Arn, URL: of.made.CollectionEndpoint},
		Grant: Grant{
			Admit: func(name string, roleArn pulumi.StringInput, p Permissions) (pulumi.Resource, error) {
				return c.admit(of, name, roleArn, p)
			},
			Template: func(name, template, body string) (pulumi.Resource, error) {
				return c.template(c.ctx, of, name, template, body)
			},
			History: c.Template, Histories: c.histories,
		},
		other: collectionBackend{},
	}
}

// inside makes the initial contents of the collections: the template of the history index.
func (c *Collections) inside(ctx *pulumi.Context, p *collectionsPlan) error {
	admits, err := c.operate(ctx, p)
	if err != nil {
		return err
	}
	url, password, err := c.gateway(ctx, p)
	if err != nil {
		return err
	}
	for _, of := range []*collection{c.history, c.current} {
		of.admits, of.at = admits, Inside{pulumi.Sprintf("%s/%s", url, of.what), pulumi.String(gatewayUser).ToStringOutput(), password}
		of.provider, err = search.NewProvider(ctx, p.name+"-"+of.what, &search.ProviderArgs{
			Url: of.at.URL, Username: of.at.User.ToStringPtrOutput(), Password: password.ToStringPtrOutput(),
			OpensearchVersion: pulumi.String(collectionVersion),
			SignAwsRequests:   pulumi.Bool(false), Healthcheck: pulumi.Bool(false), Sniff: pulumi.Bool(false),
		}, pulumi.Parent(c), pulumi.DependsOn(p.ReachedAfter))
		if err != nil {
			return fmt.Errorf("making the provider of the collection %s: %w", of.name, err)
		}
	}
	c.Template, err = c.historyOf("", &p.Search)
	return err
}

// historyOf makes the template of a history index; of is its name's suffix.
func (c *Collections) historyOf(of string, cfg *config.Search) (pulumi.Resource, error) {
	body, err := collectedHistoryTemplate(cfg, c.columns)
	if err != nil {
		return nil, err
	}
	return c.template(c.ctx, c.history, c.name+"-history"+of, cfg.HistoryIndex, body)
}

// histories makes what a named source's history needs: its template, and the operators' permission to search it. It
// returns what must exist before the first document.
func (c *Collections) histories(source string, cfg config.Search) (pulumi.Resource, error) {
	template, err := c.historyOf("-"+source, &cfg)
	if err != nil {
		return nil, err
	}
	return template, c.operateHistory(source, cfg.HistoryIndex)
}

// gateway is the address at which the providers reach the collections. They cannot connect directly: they cannot both
// sign through a tunnel and verify the certificate. Plain HTTP does not leave this machine.
func (c *Collections) gateway(ctx *pulumi.Context, p *collectionsPlan) (url, password pulumi.StringOutput, err error) {
	made, err := random.NewRandomPassword(ctx, p.name+"-gateway", &random.RandomPasswordArgs{
		Length: pulumi.Int(gatewayPassword), Special: pulumi.Bool(false),
	}, pulumi.Parent(c))
	if err != nil {
		return url, password, fmt.Errorf("making the password of the gateway: %w", err)
	}
	password, _ = pulumi.ToSecret(made.Result).(pulumi.StringOutput)
	if p.Gateway != nil {
		return p.Gateway(password), password, nil
	}
	return pulumi.Sprintf("http://localhost:%d", p.GatewayPort), password, nil
}

// template makes an index template inside a collection. It returns what must exist before an index that uses it.
func (c *Collections) template(ctx *pulumi.Context, of *collection, name, template, body string) (pulumi.Resource, error) {
	replaces, err := replaceLeftovers(ctx, name, of.at, c.remove)
	if err != nil {
		return nil, err
	}
	made, err := search.NewComposableIndexTemplate(ctx, name, &search.ComposableIndexTemplateArgs{
		Name: pulumi.String(template), Body: pulumi.String(body),
	}, append(replaces, pulumi.Parent(c), pulumi.Provider(of.provider), pulumi.DependsOn([]pulumi.Resource{of.admits}),
		pulumi.DeletedWith(of.made), pulumi.ReplaceWith([]pulumi.Resource{of.made}))...)
	if err != nil {
		return nil, fmt.Errorf("making the index template %s of the collection %s: %w", template, of.name, err)
	}
	return made, nil
}

// collectedHistoryTemplate is the template, as JSON, of a collection's single history index. Its mapping is the same
// as in a domain. A collection has no settings for shards and replicas and keeps no slow logs. The index needs no
// alias, because it has the name itself.
func collectedHistoryTemplate(cfg *config.Search, columns []Column) (string, error) {
	text, err := json.MarshalIndent(object{
		"index_patterns": []string{cfg.HistoryIndex},
		"priority":       templatePriority,
		"template": object{
			"mappings": historyMappings(columns),
			"settings": object{"index": object{"mapping": lenient()}},
		},
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the template of the history index: %w", err)
	}
	return string(text), nil
}
