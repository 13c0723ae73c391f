package search

import (
	"cdcpipeline/internal/component"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	search "github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// The functions of this file find components that another request of the same deployment has made, by their URNs. A plugin
// makes the destination in one request and its writers in others. The engine knows the outputs.

// DomainOf returns the Domain with this URN.
func DomainOf(ctx *pulumi.Context, urn string) (*Domain, error) {
	d, of := &Domain{}, resource.URN(urn)
	if err := find(ctx, domainKind, of, d); err != nil {
		return nil, err
	}
	at, err := lookUpPlace(ctx, d)
	if err != nil {
		return nil, err
	}
	made, secret := &opensearch.Domain{}, &secretsmanager.SecretVersion{}
	for _, p := range []part{{domainType, "-domain", made}, {secretVersionType, "-master", secret}} {
		if err := p.find(ctx, of); err != nil {
			return nil, err
		}
	}
	d.account = at.account
	d.is(made)
	d.MasterSecretArn, d.MasterUser = secret.Arn, pulumi.String(masterUser).ToStringOutput()
	password := secret.SecretString.ApplyT(func(text *string) (string, error) {
		var kept struct{ Password string }
		if text == nil {
			return "", fmt.Errorf("the secret of the domain's master user has no text: %s", urn)
		}
		if err := json.Unmarshal([]byte(*text), &kept); err != nil {
			return "", fmt.Errorf("reading the secret of the domain's master user: %w", err)
		}
		return kept.Password, nil
	})
	d.MasterPassword = pulumi.ToSecret(password).(pulumi.StringOutput)
	return d, nil
}

// AccessOf returns the Access with this URN. A history that it makes has the same Columns as the others. remove is
// AccessArgs.Remove.
func AccessOf(ctx *pulumi.Context, urn string, remove Remove) (*Access, error) {
	of := resource.URN(urn)
	a := &Access{ctx: ctx, name: of.Name(), remove: remove, Provider: &search.Provider{}}
	if err := find(ctx, accessKind, of, a); err != nil {
		return nil, err
	}
	domain, err := known[string](ctx, a.DomainURN)
	if err != nil {
		return nil, err
	}
	if a.domain, err = DomainOf(ctx, domain); err != nil {
		return nil, err
	}
	if a.columns, err = columnsOf(ctx, a.Columns); err != nil {
		return nil, err
	}
	template := &search.ComposableIndexTemplate{}
	a.Template = template
	for _, p := range []part{{providerType, "", a.Provider}, {templateType, "-history", template}} {
		if err := p.find(ctx, of); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// CollectionsOf returns the Collections with this URN. A history that they make has the same Columns as the others. remove
// is CollectionsArgs.Remove.
func CollectionsOf(ctx *pulumi.Context, urn string, remove Remove) (*Collections, error) {
	of := resource.URN(urn)
	c := &Collections{ctx: ctx, name: of.Name(), remove: remove}
	if err := find(ctx, collectionsKind, of, c); err != nil {
		return nil, err
	}
	name, err := known[string](ctx, c.HistoryName)
	if err != nil {
		return nil, err
	}
	c.prefix = strings.TrimSuffix(name, "-history")
	if c.operators, err = known[[]string](ctx, c.Operators); err != nil {
		return nil, err
	}
	if c.columns, err = columnsOf(ctx, c.Columns); err != nil {
		return nil, err
	}
	if _, err := c.deployer(ctx); err != nil { // also sets the account
		return nil, err
	}
	admits, template := &opensearch.ServerlessAccessPolicy{}, &search.ComposableIndexTemplate{}
	c.Template = template
	parts := []part{{accessPolicyType, "-operators", admits}, {templateType, "-history", template}}
	for what, into := range map[string]**collection{"history": &c.history, "current": &c.current} {
		made, provider := &opensearch.ServerlessCollection{}, &search.Provider{}
		*into = &collection{what: what, name: c.prefix + "-" + what, made: made, provider: provider, admits: admits}
		parts = append(parts, part{collectionType, "-" + what, made}, part{providerType, "-" + what, provider})
	}
	for _, p := range parts {
		if err := p.find(ctx, of); err != nil {
			return nil, err
		}
	}
	for _, of := range []*collection{c.history, c.current} {
		way := of.provider.(*search.Provider)
		of.at = Inside{way.Url, way.Username.Elem(), way.Password.Elem()}
	}
	return c, nil
}

const (
	domainType        = "aws:opensearch/domain:Domain"
	secretVersionType = "aws:secretsmanager/secretVersion:SecretVersion"
	collectionType    = "aws:opensearch/serverlessCollection:ServerlessCollection"
	accessPolicyType  = "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy"
	providerType      = "pulumi:providers:opensearch"
	templateType      = "opensearch:index/composableIndexTemplate:ComposableIndexTemplate"
)

// find reads a component's outputs from the engine.
func find(ctx *pulumi.Context, kind component.Kind, of resource.URN, into pulumi.ComponentResource) error {
	if !of.IsValid() || string(of.Type()) != kind.Token() {
		return fmt.Errorf("%q is not the URN of a %s", of, kind)
	}
	if err := ctx.RegisterComponentResource(kind.Token(), of.Name(), into, pulumi.URN_(string(of))); err != nil {
		return fmt.Errorf("finding %s %s: %w", kind, of.Name(), err)
	}
	return nil
}

// part is a resource that a component has made. suffix is its name after that of the component; into receives its outputs.
type part struct {
	typ, suffix string
	into        pulumi.CustomResource
}

func (p part) find(ctx *pulumi.Context, of resource.URN) error {
	name := of.Name() + p.suffix
	urn := resource.NewURN(of.Stack(), of.Project(), of.QualifiedType(), tokens.Type(p.typ), name)
	if err := ctx.RegisterResource(p.typ, name, nil, p.into, pulumi.URN_(string(urn))); err != nil {
		return fmt.Errorf("finding %s of %s: %w", name, of, err)
	}
	return nil
}

// known waits for an output that decides what is made. A preview knows it too.
func known[V any](ctx *pulumi.Context, output pulumi.Output) (V, error) {
	var none V
	result, err := internals.UnsafeAwaitOutput(ctx.Context(), output)
	if err != nil {
		return none, fmt.Errorf("waiting for what is searched: %w", err)
	}
	value, ok := result.Value.(V)
	if !ok || !result.Known {
		return none, errors.New("what is searched was made by another release of the plugin: deploy it with this one")
	}
	return value, nil
}

// typesOf maps the names of columns to their types.
func typesOf(columns []Column) pulumi.StringMapOutput {
	types := pulumi.StringMap{}
	for _, c := range columns {
		types[c.Name] = pulumi.String(c.Type)
	}
	return types.ToStringMapOutput()
}

func columnsOf(ctx *pulumi.Context, types pulumi.StringMapOutput) ([]Column, error) {
	of, err := known[map[string]string](ctx, types)
	if err != nil {
		return nil, err
	}
	columns := []Column{}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		columns = append(columns, Column{name, ColumnType(of[name])})
	}
	return columns, nil
}
