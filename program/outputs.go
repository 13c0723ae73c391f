package program

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/internal/outputs"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// written are the outputs as the program writes them.
type written = outputs.Set[pulumi.StringInput, pulumi.IntInput, pulumi.StringArrayInput, pulumi.StringMapInput]

// export makes the stack's outputs.
func export(ctx *pulumi.Context, d *Deployment, cfg config.Config, unloaded unloadedTables) error {
	all, err := describe(ctx, d, cfg.WithDefaults(), unloaded)
	if err != nil {
		return err
	}
	all.Each(func(name string, value any) {
		input, _ := value.(pulumi.Input)
		ctx.Export(name, input)
	})
	return nil
}

// describe says what an operator needs: where everything is, and which secret opens it; never a password.
func describe(ctx *pulumi.Context, p *Deployment, cfg config.Config, unloaded unloadedTables) (written, error) {
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(p.Pipeline))
	if err != nil {
		return written{}, fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(p.Pipeline))
	if err != nil {
		return written{}, fmt.Errorf("looking up the account: %w", err)
	}
	all := written{
		Environment: pulumi.String(cfg.Environment), Region: pulumi.String(region.Name), AccountID: pulumi.String(caller.AccountId), VpcID: p.Network.VpcID, KmsKeyArn: p.Key.Arn,

		Tables: names(cfg.Source.Tables), TablesNotLoaded: tablesNotLoaded(ctx, p.Pipeline, p.running, cfg.Source, unloaded), RowsSince: pulumi.ToStringMap(cfg.Source.RowsSince), ProbeTables: none,
		SourceHost: p.Source.Host, SourcePort: p.Source.Port, SourceSecretArn: p.Source.AdminSecretArn,
		ReplicationSecretArn: p.Bootstrap.ReplicationSecretArn, BootstrapFindings: p.Bootstrap.Findings,

		StreamName: p.Stream.Name, StreamArn: p.Stream.Arn, TaskArn: p.Replication.TaskArn, NextTaskArn: p.Replication.NextTaskArn,

		HistoryIndex: pulumi.String(cfg.Search.HistoryIndex), HistoryRetentionDays: pulumi.Int(cfg.Search.HistoryRetentionDays), CurrentIndices: none, NextSearch: pulumi.StringMap{},

		LakeBucket: p.Bucket.Name, LakePrefix: pulumi.String(cfg.Lake.Prefix), LakeErrorPrefix: pulumi.String(cfg.Lake.ErrorPrefix), LakeDeliveryName: p.Lake.Name,
		CatalogDatabase: none, AthenaWorkgroup: none, TablesJob: none,

		Reach: pulumi.String(cfg.Search.Reach), BastionInstanceID: none, SearchTunnelPort: pulumi.Int(portOf(cfg.Search)),
		ConsoleLinks: consoleLinks(p.Pipeline, region.Name),
	}
	ofPlace(&all, p.Place)
	if p.NextPlace != nil {
		all.NextSearch = nextSearch(p.NextPlace)
	}
	for _, t := range cfg.Source.Probes() {
		all.ProbeTables = pulumi.String(t.Database + "." + t.Table)
	}
	if p.Current != nil {
		all.CurrentIndices = pulumi.String(search.CurrentIndices)
	}
	if p.Catalog != nil {
		all.CatalogDatabase, all.AthenaWorkgroup = p.Catalog.Database, p.Catalog.Workgroup
	}
	if p.Tables != nil {
		all.TablesJob = p.Tables.JobName
	}
	if p.Bastion != nil {
		all.BastionInstanceID = p.Bastion.InstanceID
	}
	return all, nil
}

// portOf this machine is where a deployment expects what is searched.
func portOf(s config.Search) int {
	if s.Serverless() {
		return s.GatewayPort
	}
	return s.TunnelPort
}

// ofPlace are the outputs of a place that is searched.
func ofPlace(all *written, p *pipeline.Place) {
	all.SearchDeliveryName, all.CurrentFunctionName, all.CurrentParkedPrefix, all.CurrentFailedPrefix = p.Search.Name, none, none, none
	all.CurrentRegistry = none
	if c := p.Current; c != nil {
		all.CurrentFunctionName, all.CurrentParkedPrefix, all.CurrentFailedPrefix = c.FunctionName, pulumi.String(c.ParkedPrefix), c.FailedPrefix
		all.CurrentRegistry = pulumi.String(c.Registry)
	}
	all.SearchDomainName, all.SearchEndpoint, all.SearchURL, all.SearchMasterSecretArn = none, none, none, none
	all.HistoryCollection, all.CurrentCollection = none, none
	if c := p.Collections; c != nil { // each has dashboards of its own: those of the history are named
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

// nextSearch are the outputs of the next place, by their names.
func nextSearch(p *pipeline.Place) pulumi.StringMap {
	next, all := written{}, pulumi.StringMap{}
	ofPlace(&next, p)
	next.Each(func(name string, value any) {
		if text, ok := value.(pulumi.StringInput); ok {
			all[name] = text
		}
	})
	return all
}

// none is the output of a part that this stack does not have.
const none = pulumi.String("")

// names of tables, database.table, as configured.
func names(tables []config.Table) pulumi.StringArray {
	all := make(pulumi.StringArray, len(tables))
	for i, t := range tables {
		all[i] = pulumi.String(t.Database + "." + t.Table)
	}
	return all
}

// consoleLinks opens each part in the AWS console.
func consoleLinks(p *pipeline.Pipeline, region string) pulumi.StringMap {
	page := func(path string, args ...any) pulumi.StringOutput {
		return pulumi.Sprintf("https://%s.console.aws.amazon.com/"+path, append([]any{region}, args...)...)
	}
	var searched pulumi.StringOutput
	if p.Domain != nil {
		searched = page("aos/home?region=%s#opensearch/domains/%s", region, p.Domain.Name)
	} else {
		searched = page("aos/home?region=%s#opensearch/collections/%s", region, p.Collections.CurrentName)
	}
	return pulumi.StringMap{
		"task":           page("dms/v2/home?region=%s#taskList", region),
		"stream":         page("kinesis/home?region=%s#/streams/details/%s/monitoring", region, p.Stream.Name),
		"search":         searched,
		"searchDelivery": page("firehose/home?region=%s#/details/%s/monitoring", region, p.Search.Name),
		"lakeDelivery":   page("firehose/home?region=%s#/details/%s/monitoring", region, p.Lake.Name),
		"lake":           page("s3/buckets/%s?region=%s", p.Bucket.Name, region),
	}
}
