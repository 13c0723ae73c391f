package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/views"
	"fmt"
	"slices"

	awsathena "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/athena"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// engineVersion is the engine whose SQL the views and queries use.
const engineVersion = "Athena engine version 3"

// makeWorkgroup makes the query settings, which a client cannot override: where results go, how they are encrypted,
// how many bytes a query may read, https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html.
func (c *catalog) makeWorkgroup(ctx *pulumi.Context) error {
	at, err := here(ctx, pulumi.Parent(c.Catalog))
	if err != nil {
		return err
	}
	workgroup, err := awsathena.NewWorkgroup(ctx, c.name+"-workgroup", &awsathena.WorkgroupArgs{
		Name:         pulumi.String(c.databaseName(ctx)),
		Description:  pulumi.String("Queries over the lake of changes"),
		ForceDestroy: pulumi.Bool(*c.args.ForceDestroy),
		Configuration: &awsathena.WorkgroupConfigurationArgs{
			EnforceWorkgroupConfiguration:   pulumi.Bool(true),
			PublishCloudwatchMetricsEnabled: pulumi.Bool(true),
			BytesScannedCutoffPerQuery:      pulumi.Int(c.args.Catalog.ScanLimitGb * 1_000_000_000),
			EngineVersion:                   &awsathena.WorkgroupConfigurationEngineVersionArgs{SelectedEngineVersion: pulumi.String(engineVersion)},
			ResultConfiguration: &awsathena.WorkgroupConfigurationResultConfigurationArgs{
				OutputLocation:      pulumi.Sprintf("s3://%s/%s/", c.args.Bucket, config.ResultsPrefix),
				ExpectedBucketOwner: pulumi.String(at.account),
				EncryptionConfiguration: &awsathena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs{
					EncryptionOption: pulumi.String("SSE_KMS"), KmsKeyArn: c.args.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
				},
			},
		},
	}, c.child(), pulumi.IgnoreChanges([]string{"description"})) // an older stack's description names MySQL
	if err != nil {
		return fmt.Errorf("making the lake's workgroup: %w", err)
	}
	c.Workgroup = workgroup.Name
	return nil
}

// saveQueries saves the common queries: for each table, for a source, and across sources.
func (c *catalog) saveQueries(ctx *pulumi.Context) error {
	var all []views.OfSource
	for _, s := range c.sources {
		if err := c.saveSource(ctx, s); err != nil {
			return err
		}
		if len(s.names) > 0 {
			all = append(all, views.OfSource{Source: s.of(), Names: s.names, Tables: s.source})
		}
	}
	if len(all) < 2 {
		return nil
	}
	for _, q := range views.AllSources(all) {
		if err := c.save(ctx, q.Name, q.Name, pulumi.ToOutput(q)); err != nil {
			return err
		}
	}
	return c.saveJoins(ctx, all)
}

// saveSource saves the queries of one source.
func (c *catalog) saveSource(ctx *pulumi.Context, s catalogSource) error {
	for i, t := range s.table {
		name := s.names[i]
		for n, id := range views.TableQueries {
			query := s.Found.ToStringOutput().ApplyT(func(result string) (views.Query, error) {
				f, _, err := s.found(t, result)
				if err != nil {
					return views.Query{}, err
				}
				made, err := views.Describe(name, f)
				if err != nil {
					return views.Query{}, fmt.Errorf("the lake's queries: %w", err)
				}
				return made.Queries[n], nil
			})
			if err := c.save(ctx, string(name)+"-"+id, string(name)+": "+id, query); err != nil {
				return err
			}
		}
	}
	if len(s.names) == 0 {
		return nil
	}
	for _, q := range s.of().OverviewOf(change.Kind(s.Engine), s.names, s.followed.source) {
		if err := c.save(ctx, q.Name, q.Name, pulumi.ToOutput(q)); err != nil {
			return err
		}
	}
	return nil
}

// saveJoins joins the rows of the first source with those of each other source. Each query depends on these two only.
func (c *catalog) saveJoins(ctx *pulumi.Context, all []views.OfSource) error {
	side := func(of views.OfSource) catalogSource {
		return c.sources[slices.IndexFunc(c.sources, func(s catalogSource) bool { return s.of() == of.Source })]
	}
	a := side(all[0])
	for _, of := range all[1:] {
		b := side(of)
		i, j, _ := views.Pair(all[0], of)
		query := pulumi.All(a.Found, b.Found).ApplyT(func(found []any) (views.Query, error) {
			left, _, err := a.found(a.table[i], found[0].(string))
			if err != nil {
				return views.Query{}, err
			}
			right, _, err := b.found(b.table[j], found[1].(string))
			if err != nil {
				return views.Query{}, err
			}
			made, err := views.Join(views.Joined{Source: a.of(), Name: a.names[i], Table: left}, views.Joined{Source: b.of(), Name: b.names[j], Table: right})
			if err != nil {
				return views.Query{}, fmt.Errorf("the lake's queries: %w", err)
			}
			return made, nil
		})
		name := views.JoinName(a.of(), b.of())
		if err := c.save(ctx, name, name, query); err != nil {
			return err
		}
	}
	return nil
}

func (c *catalog) save(ctx *pulumi.Context, id, name string, query pulumi.Output) error {
	part := func(of func(views.Query) string) pulumi.StringOutput {
		return query.ApplyT(func(q any) string { return of(q.(views.Query)) }).(pulumi.StringOutput)
	}
	_, err := awsathena.NewNamedQuery(ctx, c.name+"-"+dashed(id), &awsathena.NamedQueryArgs{
		Name:        pulumi.String(name),
		Description: part(func(q views.Query) string { return q.Description }),
		Database:    c.Database,
		Workgroup:   c.Workgroup,
		Query:       part(func(q views.Query) string { return q.SQL }),
	}, c.child())
	if err != nil {
		return fmt.Errorf("saving the query %q: %w", name, err)
	}
	return nil
}

// forgetting deletes query results. Copy those that you want to keep.
func forgetting(cfg config.Lake) s3.BucketLifecycleConfigurationV2RuleInput {
	return &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:         pulumi.String("forget-results"),
		Status:     pulumi.String("Enabled"),
		Filter:     &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(config.ResultsPrefix + "/")},
		Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(cfg.Catalog.ResultDays)},
		NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(1),
		},
	}
}
