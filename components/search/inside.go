package search

import (
	"cdcpipeline/config"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// audit turns on the events for the domain's audit log group: failed sign-ins, missing privileges, changes of the
// security configuration. It excludes bodies, because they hold the source's rows, and single documents of a bulk
// request, because there are thousands a second.
func (a *Access) audit(ctx *pulumi.Context) (pulumi.Resource, error) {
	on, off := pulumi.Bool(true), pulumi.Bool(false)
	expected := pulumi.ToStringArray([]string{"AUTHENTICATED", "GRANTED_PRIVILEGES"})
	audit, err := opensearch.NewAuditConfig(ctx, a.name+"-audit", &opensearch.AuditConfigArgs{
		Enabled: on,
		Audit: &opensearch.AuditConfigAuditArgs{
			EnableRest:                  on,
			DisabledRestCategories:      expected,
			EnableTransport:             on,
			DisabledTransportCategories: expected,
			ResolveBulkRequests:         off,
			ResolveIndices:              on,
			LogRequestBody:              off,
			ExcludeSensitiveHeaders:     on,
			IgnoreUsers:                 pulumi.ToStringArray([]string{"kibanaserver"}),
			IgnoreRequests:              pulumi.ToStringArray([]string{"/_cluster/health"}),
		},
		Compliance: &opensearch.AuditConfigComplianceArgs{
			Enabled: on, InternalConfig: on, ExternalConfig: off,
			ReadMetadataOnly: on, WriteMetadataOnly: on, WriteLogDiffs: off,
			ReadIgnoreUsers:  pulumi.ToStringArray([]string{"kibanaserver"}),
			WriteIgnoreUsers: pulumi.ToStringArray([]string{"kibanaserver"}),
		},
	}, a.inside()...)
	if err != nil {
		return nil, fmt.Errorf("making the audit configuration: %w", err)
	}
	return audit, nil
}

// dashboardsIndex is the alias behind which Dashboards keeps the settings of the global tenant.
const dashboardsIndex = ".kibana"

// dashboards sets the time zone of the global tenant, after everything else.
func (a *Access) dashboards(ctx *pulumi.Context, cfg *config.Search, after ...pulumi.Resource) error {
	guard, err := a.dashboardsGuard()
	if err != nil {
		return err
	}
	body, err := json.Marshal([]object{{
		"_id": "config:" + serverVersion(cfg.EngineVersion),
		// Keys that the index does not return, such as _type, would be a change in every deployment.
		"_source": object{"type": "config", "config": object{"dateFormat:tz": cfg.TimeZone}},
	}})
	if err != nil {
		return fmt.Errorf("writing the settings of the dashboards: %w", err)
	}
	_, err = opensearch.NewDashboardObject(ctx, a.name+"-dashboards", &opensearch.DashboardObjectArgs{
		Index: pulumi.String(dashboardsIndex),
		Body:  pulumi.String(string(body)),
	}, a.inside(pulumi.DependsOn(append(after, guard)))...)
	if err != nil {
		return fmt.Errorf("setting the time zone of the dashboards: %w", err)
	}
	return nil
}

// dashboardsGuard makes sure that .kibana stays an alias. At its start Dashboards makes .kibana_1 and this alias to
// it. An earlier write to .kibana would create an index of that name with a guessed mapping, which Dashboards then
// cannot migrate. The template gives such an index an alias of its own name, which OpenSearch refuses. The provider
// crashes on that refusal ("error reading from server: EOF"), so the time zone is set last; the next deployment
// succeeds, once Dashboards has started.
func (a *Access) dashboardsGuard() (pulumi.Resource, error) {
	body, err := json.Marshal(object{
		// It matches only .kibana. OpenSearch refuses the plain name as a pattern beside an alias of the same name.
		"index_patterns": []string{".*kibana"},
		"priority":       templatePriority,
		"template":       object{"aliases": object{dashboardsIndex: object{}}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the guard of the dashboards' alias: %w", err)
	}
	return a.indexTemplate(a.name+"-dashboards-guard", "dashboards-alias-only", string(body))
}
