package provider

import (
	"cdcpipeline/components/canary"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/program"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Place is a search destination: a domain or collections.
type Place struct {
	// Access is the search.Access of a domain, the component itself. Either access or collections is required.
	Access string `pulumi:"access,optional" component:"search.Access"`
	// Collections is the search.Collections, the component itself. Either access or collections is required.
	Collections string `pulumi:"collections,optional" component:"search.Collections"`
}

func (p Place) lacks() []problem {
	if (p.Access == "") == (p.Collections == "") {
		return []problem{{"access", "is the one of two inputs that is required: give the search.Access of a domain, or the search.Collections as collections, and not both"}}
	}
	return nil
}

// kind returns the kind of the place.
func (p Place) kind() config.SearchKind {
	if p.Collections != "" {
		return config.OnCollections
	}
	return config.OnDomain
}

// found holds the targets of a place, and the component that has made the templates.
type found struct {
	history, current search.Target
	of               pulumi.Resource
}

// find returns the place that another request has made. cfg decides how a writer reaches the place to remove leftovers.
func (p Place) find(ctx *pulumi.Context, cfg config.Search) (found, error) {
	if p.Collections != "" {
		c, err := search.CollectionsOf(ctx, p.Collections, program.RemoveInside(cfg))
		if err != nil {
			return found{}, err
		}
		return found{c.History(), c.Current(), c}, nil
	}
	a, err := search.AccessOf(ctx, p.Access, program.RemoveInside(cfg))
	if err != nil {
		return found{}, err
	}
	return found{a.Target(), a.Target(), a}, nil
}

// DeliveryPlace is where a delivery writes, and its role.
type DeliveryPlace struct {
	Place
	// RoleArn is the role that makes the network interfaces: arn of search.DeliveryRole. The unnamed source's delivery also reads and writes as this
	// role. Required.
	RoleArn pulumi.StringInput `pulumi:"roleArn"`
}

func (d *DeliveryPlace) hold(*search.DeliveryArgs) []problem { return d.lacks() }

var deliveryForm = taking("search.Delivery", func(
	ctx *pulumi.Context, name string, args *search.DeliveryArgs, more *DeliveryPlace, opts ...pulumi.ResourceOption,
) (*search.Delivery, error) {
	args.Search = complete(args.Search, args.Environment).Only(more.kind())
	at, err := more.find(ctx, args.Search)
	if err != nil {
		return nil, err
	}
	args.Target, args.Role = at.history, search.RoleOf(more.RoleArn)
	return search.NewDelivery(ctx, name, args, opts...)
})

// RowsPlace is where the current-state function writes, and its code.
type RowsPlace struct {
	Place
	// Code is the function's zip, compiled for functions.architecture. Default: the zip that is released with the plugin.
	Code pulumi.Archive `pulumi:"code,optional"`
}

func (r *RowsPlace) hold(*search.CurrentStateArgs) []problem { return r.lacks() }

var currentStateForm = taking("search.CurrentState", func(
	ctx *pulumi.Context, name string, args *search.CurrentStateArgs, more *RowsPlace, opts ...pulumi.ResourceOption,
) (*search.CurrentState, error) {
	args.Search = complete(args.Search, args.Environment).Only(more.kind())
	var err error
	if args.Code, err = functionCode(more.Code, "currentstate", args.Functions); err != nil {
		return nil, err
	}
	at, err := more.find(ctx, args.Search)
	if err != nil {
		return nil, err
	}
	args.Target, args.Template = at.current, at.of
	return search.NewCurrentState(ctx, name, args, opts...)
})

// CanarySource is the canary's source, where the canary looks for its changes, and its code.
type CanarySource struct {
	Place
	// Name is the name of the source. Empty for the unnamed source.
	Name string `pulumi:"name,optional"`
	// Source as the section source of the configuration: its engine, its tables, and how long it keeps its log.
	Source config.Source `pulumi:"source,optional"`
	// Lake as the section lake of the configuration: where parked records are.
	Lake config.Lake `pulumi:"lake,optional"`
	// Code is the function's zip, compiled for functions.architecture. Default: the zip that is released with the plugin.
	Code pulumi.Archive `pulumi:"code,optional"`
}

func (c *CanarySource) hold(args *canary.Args) []problem {
	of := args.Environment.WithDefault()
	problems := append(c.lacks(), problemsOf(c.Source.WithDefaults(of).Validate())...)
	problems = append(problems, problemsOf(c.Lake.WithDefaults(of).Validate())...)
	if err := currentstate.Source(c.Name).Validate(); err != nil {
		problems = append(problems, problem{"name", err.Error()})
	}
	return problems
}

var canaryForm = taking("canary.Canary", func(
	ctx *pulumi.Context, name string, args *canary.Args, more *CanarySource, opts ...pulumi.ResourceOption,
) (*canary.Canary, error) {
	of := args.Environment.WithDefault()
	args.Feed = config.Feed{Name: more.Name, Source: more.Source.WithDefaults(of), Lake: more.Lake.WithDefaults(of), Canary: true}
	var err error
	if args.Code, err = functionCode(more.Code, "canary", args.Functions); err != nil {
		return nil, err
	}
	if args.CaBundle, err = bundle(args.CaBundle, more.Source); err != nil {
		return nil, err
	}
	at, err := more.find(ctx, config.Search{})
	if err != nil {
		return nil, err
	}
	args.Target = at.current
	return canary.New(ctx, name, args, opts...)
})
