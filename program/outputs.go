package program

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/observability"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/outputs"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// written are the outputs in the program's types.
type written = outputs.Set[pulumi.StringInput, pulumi.IntInput, pulumi.StringArrayInput, pulumi.StringMapInput]

// export writes the stack's outputs.
func (d *Deployment) export(ctx *pulumi.Context) error {
	all, err := d.Outputs(ctx)
	for name, value := range all {
		ctx.Export(name, value)
	}
	return err
}

// Outputs are the stack's outputs for the pipeline. Those of the unnamed source are at the top level, where they were
// before there were several sources.
func (d *Deployment) Outputs(ctx *pulumi.Context) (pulumi.Map, error) {
	described, err := describe(ctx, d, d.cfg, d.unloaded)
	if err != nil {
		return nil, err
	}
	all := pulumi.Map{}
	described.Each(func(name string, value any) { all[name], _ = value.(pulumi.Input) })
	if len(described.Sources) > 0 {
		sources := pulumi.Map{}
		for source, of := range described.Sources {
			own := pulumi.Map{}
			of.Own(func(name string, value any) { own[name], _ = value.(pulumi.Input) })
			sources[source] = own
		}
		all["sources"] = sources
	}
	return all, nil
}

// describe collects what an operator needs: the addresses of all parts, and the secrets that open them; never a
// password.
func describe(ctx *pulumi.Context, p *Deployment, cfg config.Config, unloaded unloadedTables) (written, error) {
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(p.Pipeline))
	if err != nil {
		return written{}, fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(p.Pipeline))
	if err != nil {
		return written{}, fmt.Errorf("looking up the account: %w", err)
	}
	all, sources, links := nothing(), map[string]written{}, map[string]pulumi.StringMap{}
	for i, f := range p.Feeds {
		of := nothing()
		ofFeed(ctx, &of, p, i, unloaded)
		links[f.Config.Name] = feedLinks(f, region.Name)
		of.ConsoleLinks = links[f.Config.Name]
		if f.Config.Name == "" {
			all = of
			continue
		}
		sources[f.Config.Name] = of
	}
	all.Sources = sources
	all.Environment, all.Region, all.AccountID, all.VpcID, all.KmsKeyArn = pulumi.String(cfg.Environment), pulumi.String(region.Name), pulumi.String(caller.AccountId), p.Network.VpcID, p.Key.Arn
	all.LakeBucket = p.Bucket.Name
	all.HistoryRetentionDays = pulumi.Int(cfg.Search.HistoryRetentionDays)
	all.Reach, all.SearchTunnelPort = pulumi.String(cfg.Search.Reach), pulumi.Int(portOf(cfg.Search))
	ofPlace(&all, p.Place)
	if cfg.Search.Current.On() {
		all.CurrentIndices = pulumi.String(search.CurrentIndices)
	}
	if p.Catalog != nil {
		all.CatalogDatabase, all.AthenaWorkgroup = p.Catalog.Database, p.Catalog.Workgroup
	}
	if p.Bastion != nil {
		all.BastionInstanceID = p.Bastion.InstanceID
	}
	ofObservability(&all, p.Observability, cfg.Alarms, region.Name)
	all.ConsoleLinks = sharedLinks(p.Pipeline, links[""], region.Name)
	return all, nil
}

// ofObservability are the outputs of the alarms' topic and the dashboard.
func ofObservability(all *written, o *observability.Observability, cfg config.Alarms, region string) {
	if o == nil {
		return
	}
	all.AlarmTopicArn = o.TopicArn
	if cfg.Draws() {
		all.DashboardURL = page(region, "cloudwatch/home?region=%s#dashboards/dashboard/%s", region, o.DashboardName)
	}
}

// portOf is the port on this machine at which a deployment expects the search destination.
func portOf(s config.Search) int {
	if s.Serverless() {
		return s.GatewayPort
	}
	return s.TunnelPort
}

// ofFeed are the outputs of one source's own parts.
func ofFeed(ctx *pulumi.Context, all *written, p *Deployment, i int, unloaded unloadedTables) {
	f := p.Feeds[i]
	cfg := f.Config
	all.Tables, all.TablesNotLoaded, all.RowsSince = names(cfg.Source.Tables), tablesNotLoaded(ctx, f, p.running[i], unloaded), pulumi.ToStringMap(cfg.Source.RowsSince)
	for _, t := range cfg.Source.Probes() {
		all.ProbeTables = pulumi.String(t.Database + "." + t.Table)
	}
	all.SourceEngine, all.SourceDatabase = pulumi.String(cfg.Source.Engine), pulumi.String(f.Source.Name)
	all.SourceHost, all.SourcePort, all.SourceSecretArn = f.Source.Host, f.Source.Port, f.Source.AdminSecretArn
	all.ReplicationSecretArn, all.BootstrapFindings = f.Bootstrap.ReplicationSecretArn, f.Bootstrap.Findings
	all.StreamName, all.StreamArn = f.Stream.Name, f.Stream.Arn
	all.TaskArn, all.NextTaskArn = f.Replication.TaskArn, f.Replication.NextTaskArn
	all.HistoryIndex = pulumi.String(cfg.Search.HistoryIndex)
	all.LakePrefix, all.LakeErrorPrefix, all.LakeDeliveryName = pulumi.String(cfg.Lake.Prefix), pulumi.String(cfg.Lake.ErrorPrefix), f.Lake.Name
	if t := p.Tables[cfg.Name]; t != nil {
		all.TablesJob = t.JobName
	}
	ofDelivery(all, f.Deliveries[0])
	if len(f.Deliveries) > 1 {
		all.NextSearch = nextSearch(p.NextPlace, f.Deliveries[1])
	}
}

// ofDelivery are the outputs of the writers to a search destination.
func ofDelivery(all *written, d feed.Delivery) {
	all.SearchDeliveryName = d.Search.Name
	if c := d.Current; c != nil {
		all.CurrentFunctionName, all.CurrentParkedPrefix, all.CurrentFailedPrefix = c.FunctionName, pulumi.String(c.ParkedPrefix), c.FailedPrefix
		all.CurrentRegistry = pulumi.String(c.Registry)
	}
}

// ofPlace are the outputs of a search destination.
func ofPlace(all *written, p *pipeline.Place) {
	if c := p.Collections; c != nil { // each collection has its own dashboards; the output names those of the history
		all.SearchKind, all.HistoryCollection, all.CurrentCollection = pulumi.String(config.OnCollections), c.HistoryName, c.CurrentName
		all.HistoryEndpoint, all.CurrentEndpoint, all.DashboardsURL = c.HistoryEndpoint, c.CurrentEndpoint, pulumi.Sprintf("%s/", c.HistoryDashboards)
		return
	}
	d := p.Domain
	url := pulumi.Sprintf("https://%s", d.Endpoint)
	all.SearchKind = pulumi.String(config.OnDomain)
	all.SearchDomainName, all.SearchEndpoint, all.SearchURL, all.SearchMasterSecretArn = d.Name, d.Endpoint, url, d.MasterSecretArn
	all.HistoryEndpoint, all.CurrentEndpoint, all.DashboardsURL = url, url, pulumi.Sprintf("%s/_dashboards/", url)
}

// nextSearch are the outputs of the next search destination, and of the writer of a source's changes to it, by their
// names.
func nextSearch(p *pipeline.Place, d feed.Delivery) pulumi.StringMap {
	next, all := written{}, pulumi.StringMap{}
	next.CurrentFunctionName, next.CurrentParkedPrefix, next.CurrentFailedPrefix, next.CurrentRegistry = none, none, none, none
	next.SearchDomainName, next.SearchEndpoint, next.SearchURL, next.SearchMasterSecretArn = none, none, none, none
	next.HistoryCollection, next.CurrentCollection = none, none
	ofPlace(&next, p)
	ofDelivery(&next, d)
	next.Each(func(name string, value any) {
		if text, ok := value.(pulumi.StringInput); ok {
			all[name] = text
		}
	})
	return all
}

// nothing sets every output that a stack may lack.
func nothing() written {
	return written{
		Tables: pulumi.StringArray{}, TablesNotLoaded: pulumi.StringArray{}, ProbeTables: none, RowsSince: pulumi.StringMap{},
		SourceEngine: none, SourceDatabase: none, SourceHost: none, SourcePort: pulumi.Int(0), SourceSecretArn: none, ReplicationSecretArn: none, BootstrapFindings: pulumi.StringMap{},
		StreamName: none, StreamArn: none, TaskArn: none, NextTaskArn: none,
		HistoryCollection: none, CurrentCollection: none, SearchDomainName: none, SearchEndpoint: none, SearchURL: none, SearchMasterSecretArn: none,
		SearchDeliveryName: none, HistoryIndex: none,
		CurrentIndices: none, CurrentFunctionName: none, CurrentParkedPrefix: none, CurrentFailedPrefix: none, CurrentRegistry: none, NextSearch: pulumi.StringMap{},
		LakePrefix: none, LakeErrorPrefix: none, LakeDeliveryName: none, CatalogDatabase: none, AthenaWorkgroup: none, TablesJob: none,
		BastionInstanceID: none, AlarmTopicArn: none, DashboardURL: none, ConsoleLinks: pulumi.StringMap{},
	}
}

// none is the output of a part that this stack lacks.
const none = pulumi.String("")

// names are the configured tables, as database.table.
func names(tables []config.Table) pulumi.StringArray {
	all := make(pulumi.StringArray, len(tables))
	for i, t := range tables {
		all[i] = pulumi.String(t.Database + "." + t.Table)
	}
	return all
}

// page is the URL of a page of the AWS console in a region.
func page(region, path string, args ...any) pulumi.StringOutput {
	return pulumi.Sprintf("https://%s.console.aws.amazon.com/"+path, append([]any{region}, args...)...)
}

// feedLinks open a source's parts in the AWS console.
func feedLinks(f *feed.Feed, region string) pulumi.StringMap {
	return pulumi.StringMap{
		"task":           page(region, "dms/v2/home?region=%s#taskList", region),
		"stream":         page(region, "kinesis/home?region=%s#/streams/details/%s/monitoring", region, f.Stream.Name),
		"searchDelivery": page(region, "firehose/home?region=%s#/details/%s/monitoring", region, f.Deliveries[0].Search.Name),
		"lakeDelivery":   page(region, "firehose/home?region=%s#/details/%s/monitoring", region, f.Lake.Name),
	}
}

// sharedLinks open the parts that all sources share, without those of the unnamed source.
func sharedLinks(p *pipeline.Pipeline, unnamed pulumi.StringMap, region string) pulumi.StringMap {
	var searched pulumi.StringOutput
	if p.Domain != nil {
		searched = page(region, "aos/home?region=%s#opensearch/domains/%s", region, p.Domain.Name)
	} else {
		searched = page(region, "aos/home?region=%s#opensearch/collections/%s", region, p.Collections.CurrentName)
	}
	links := pulumi.StringMap{"search": searched, "lake": page(region, "s3/buckets/%s?region=%s", p.Bucket.Name, region)}
	maps.Copy(links, unnamed)
	return links
}
