package pipeline

import (
	"cdcpipeline/config"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// export publishes what an operator needs: where everything is, and which secret opens it; never a password.
func (p *Pipeline) export(ctx *pulumi.Context, cfg config.Config) error {
	cfg = cfg.WithDefaults()
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(p))
	if err != nil {
		return fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(p))
	if err != nil {
		return fmt.Errorf("looking up the account: %w", err)
	}
	bastionID := pulumi.String("").ToStringOutput()
	if p.Bastion != nil {
		bastionID = p.Bastion.InstanceID
	}
	catalog, workgroup := pulumi.String("").ToStringOutput(), pulumi.String("").ToStringOutput()
	if p.Catalog != nil {
		catalog, workgroup = p.Catalog.Database, p.Catalog.Workgroup
	}
	current := p.currentOutputs()
	ask, err := AskDMS(ctx)
	if err != nil {
		return err
	}
	tables := make(pulumi.StringArray, len(cfg.Source.Tables))
	for i, t := range cfg.Source.Tables {
		tables[i] = pulumi.String(t.Database + "." + t.Table)
	}
	url := pulumi.Sprintf("https://%s", p.Domain.Endpoint)
	outputs := pulumi.Map{
		"tables":                tables,
		"rowsSince":             pulumi.ToStringMap(cfg.Source.RowsSince),
		"tablesNotLoaded":       p.TablesNotLoaded(ctx, cfg.Source, ask),
		"sourceHost":            p.Source.Host,
		"sourcePort":            p.Source.Port,
		"sourceSecretArn":       p.Source.AdminSecretArn,
		"replicationSecretArn":  p.Bootstrap.ReplicationSecretArn,
		"bootstrapFindings":     p.Bootstrap.Findings,
		"streamName":            p.Stream.Name,
		"streamArn":             p.Stream.Arn,
		"taskArn":               p.Replication.TaskArn,
		"searchDomainName":      p.Domain.Name,
		"searchEndpoint":        p.Domain.Endpoint,
		"searchUrl":             url,
		"dashboardsUrl":         pulumi.Sprintf("%s/_dashboards/", url),
		"searchMasterSecretArn": p.Domain.MasterSecretArn,
		"searchDeliveryName":    p.Search.Name,
		"historyIndex":          pulumi.String(cfg.Search.HistoryIndex),
		"currentIndices":        current.indices,
		"currentFunctionName":   current.function,
		"currentParkedPrefix":   current.parked,
		"currentFailedPrefix":   current.failed,
		"lakeBucket":            p.Bucket.Name,
		"lakePrefix":            pulumi.String(cfg.Lake.Prefix),
		"lakeErrorPrefix":       pulumi.String(cfg.Lake.ErrorPrefix),
		"lakeDeliveryName":      p.Lake.Name,
		"catalogDatabase":       catalog,
		"athenaWorkgroup":       workgroup,
		"kmsKeyArn":             p.Key.Arn,
		"vpcId":                 p.Network.VpcID,
		"reach":                 pulumi.String(cfg.Search.Reach),
		"bastionInstanceId":     bastionID,
		"searchTunnelPort":      pulumi.Int(cfg.Search.TunnelPort),
		"region":                pulumi.String(region.Name),
		"accountId":             pulumi.String(caller.AccountId),
		"consoleLinks":          p.consoleLinks(region.Name),
	}
	for key, value := range outputs {
		ctx.Export(key, value)
	}
	return nil
}

// consoleLinks opens each part in the AWS console.
func (p *Pipeline) consoleLinks(region string) pulumi.StringMap {
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
