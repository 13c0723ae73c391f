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
	url := pulumi.Sprintf("https://%s", p.Domain.Endpoint)
	all := written{
		Environment: pulumi.String(cfg.Environment), Region: pulumi.String(region.Name), AccountID: pulumi.String(caller.AccountId), VpcID: p.Network.VpcID, KmsKeyArn: p.Key.Arn,

		Tables: names(cfg.Source.Tables), TablesNotLoaded: tablesNotLoaded(ctx, p.Pipeline, p.running, cfg.Source, unloaded), RowsSince: pulumi.ToStringMap(cfg.Source.RowsSince), ProbeTables: none,
		SourceHost: p.Source.Host, SourcePort: p.Source.Port, SourceSecretArn: p.Source.AdminSecretArn,
		ReplicationSecretArn: p.Bootstrap.ReplicationSecretArn, BootstrapFindings: p.Bootstrap.Findings,

		StreamName: p.Stream.Name, StreamArn: p.Stream.Arn, TaskArn: p.Replication.TaskArn, NextTaskArn: p.Replication.NextTaskArn,

		SearchDomainName: p.Domain.Name, SearchEndpoint: p.Domain.Endpoint, SearchURL: url, DashboardsURL: pulumi.Sprintf("%s/_dashboards/", url),
		SearchMasterSecretArn: p.Domain.MasterSecretArn, SearchDeliveryName: p.Search.Name, HistoryIndex: pulumi.String(cfg.Search.HistoryIndex),
		CurrentIndices: none, CurrentFunctionName: none, CurrentParkedPrefix: none, CurrentFailedPrefix: none,

		LakeBucket: p.Bucket.Name, LakePrefix: pulumi.String(cfg.Lake.Prefix), LakeErrorPrefix: pulumi.String(cfg.Lake.ErrorPrefix), LakeDeliveryName: p.Lake.Name,
		CatalogDatabase: none, AthenaWorkgroup: none, TablesJob: none,

		Reach: pulumi.String(cfg.Search.Reach), BastionInstanceID: none, SearchTunnelPort: pulumi.Int(cfg.Search.TunnelPort),
		ConsoleLinks: consoleLinks(p.Pipeline, region.Name),
	}
	for _, t := range cfg.Source.Probes() {
		all.ProbeTables = pulumi.String(t.Database + "." + t.Table)
	}
	if p.Current != nil {
		all.CurrentIndices, all.CurrentFunctionName = pulumi.String(search.CurrentIndices), p.Current.FunctionName
		all.CurrentParkedPrefix, all.CurrentFailedPrefix = pulumi.String(p.Current.ParkedPrefix), p.Current.FailedPrefix
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
	return pulumi.StringMap{
		"task":           page("dms/v2/home?region=%s#taskList", region),
		"stream":         page("kinesis/home?region=%s#/streams/details/%s/monitoring", region, p.Stream.Name),
		"search":         page("aos/home?region=%s#opensearch/domains/%s", region, p.Domain.Name),
		"searchDelivery": page("firehose/home?region=%s#/details/%s/monitoring", region, p.Search.Name),
		"lakeDelivery":   page("firehose/home?region=%s#/details/%s/monitoring", region, p.Lake.Name),
		"lake":           page("s3/buckets/%s?region=%s", p.Bucket.Name, region),
	}
}
