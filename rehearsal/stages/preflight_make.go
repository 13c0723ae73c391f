package stages

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/offers"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// plannedBucket is the lake of the stack that is never deployed.
const plannedBucket = "preflight-lake"

type breaker = func(context.Context) (breakage, error)

// makingBreaks break the needs of a stack that makes everything.
func makingBreaks(r *Run, p *plan) map[string]breaker {
	config := r.World.Account.Config()
	return map[string]breaker{
		"config/valid":   p.setting("cdc-pipeline:source.caFile", "no-such-file.pem", r.Tool.CA),
		"machine/pulumi": oldTool(r, "pulumi", `[ "$1" = version ] && { echo v3.200.0; exit 0; }`),
		"machine/go":     oldTool(r, "go", `[ "$1" = env ] && { echo go1.20.1; exit 0; }`),
		"machine/port":   takenPort(r.tunnelPort),

		"account/credentials":              p.setting("aws:allowedAccountIds[0]", "999999999999", account.ID),
		"account/permissions":              changed(r, func(o *offers.Offers) { o.Denied = []string{"dms:CreateEndpoint"} }),
		"account/dms-vpc-role":             wrongRole(config, "dms-vpc-role"),
		"account/dms-cloudwatch-logs-role": wrongRole(config, "dms-cloudwatch-logs-role"),
		"account/opensearch-linked-role": changed(r, func(o *offers.Offers) {
			o.Denied = []string{"iam:CreateServiceLinkedRole opensearchservice.amazonaws.com"}
		}),
		"account/rds-linked-role": changed(r, func(o *offers.Offers) { o.Denied = []string{"iam:CreateServiceLinkedRole rds.amazonaws.com"} }),

		"offer/zones": taken(r, "ec2", "DescribeAvailabilityZones",
			`<DescribeAvailabilityZonesResponse><availabilityZoneInfo><item><zoneName>us-east-1a</zoneName><zoneId>use1-az6</zoneId><zoneState>available</zoneState></item></availabilityZoneInfo></DescribeAvailabilityZonesResponse>`),
		"offer/search-version":     changed(r, func(o *offers.Offers) { o.SearchVersions = []string{"OpenSearch_2.17"} }),
		"offer/search-type":        changed(r, func(o *offers.Offers) { o.SearchTypes["t3.small.search"] = []string{"us-east-1a"} }),
		"offer/search-master-type": changed(r, func(o *offers.Offers) { delete(o.SearchTypes, "m7g.large.search") }),
		"offer/database-version":   changed(r, func(o *offers.Offers) { o.DatabaseVersions = []string{"8.0.mysql_aurora.3.11.1"} }),
		"offer/database-class":     changed(r, func(o *offers.Offers) { o.DatabaseClasses["db.t4g.medium"] = []string{"us-east-1f"} }),
		"offer/dms-version":        changed(r, func(o *offers.Offers) { o.ReplicationVersions = []string{"3.5.4"} }),
		"offer/dms-class":          changed(r, func(o *offers.Offers) { delete(o.ReplicationClasses, "dms.t3.medium") }),
		"offer/bastion-type": taken(r, "ec2", "DescribeInstanceTypeOfferings",
			`<DescribeInstanceTypeOfferingsResponse><instanceTypeOfferingSet><item><instanceType>t4g.micro</instanceType><location>us-east-1a</location></item></instanceTypeOfferingSet></DescribeInstanceTypeOfferingsResponse>`),

		"quota/vpcs":               noQuota(r, "vpc/L-F678F1CE"),
		"quota/gateway-endpoints":  noQuota(r, "vpc/L-1B52E74A"),
		"quota/internet-gateways":  noQuota(r, "vpc/L-A4707A72"),
		"quota/addresses":          noQuota(r, "ec2/L-0263D0A3"),
		"quota/nat-gateways":       noQuota(r, "vpc/L-FE5A380F"),
		"quota/vcpus":              noQuota(r, "ec2/L-1216C47A"),
		"quota/deliveries":         noQuota(r, "firehose/L-14BB0BE7"),
		"quota/domains":            noQuota(r, "es/L-076D529E"),
		"quota/domain-nodes":       noQuota(r, "es/L-6408ABDE"),
		"quota/database-clusters":  changed(r, func(o *offers.Offers) { o.DatabaseQuotas["DBClusters"] = 0 }),
		"quota/database-instances": changed(r, func(o *offers.Offers) { o.DatabaseQuotas["DBInstances"] = 0 }),
		"quota/dms-instances":      changed(r, func(o *offers.Offers) { o.ReplicationQuotas["ReplicationInstances"] = 0 }),
		"quota/concurrency":        changed(r, func(o *offers.Offers) { o.Executions = 2 }),
		"quota/streams":            allStreams(config),
		"quota/roles": taken(r, "iam", "GetAccountSummary",
			`<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap><entry><key>Roles</key><value>1000</value></entry><entry><key>RolesQuota</key><value>1000</value></entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>`),
		"quota/log-policies": allLogPolicies(config),

		"name/domain":     taken(r, "es", "DescribeDomain", `{"DomainStatus":{"DomainName":"retail-trans-minimal"}}`),
		"name/database":   taken(r, "rds", "DescribeDBClusters", `<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster><DBClusterIdentifier>dms-src-minimal</DBClusterIdentifier></DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>`),
		"name/dms":        taken(r, "dms", "DescribeReplicationInstances", `{"ReplicationInstances":[{"ReplicationInstanceIdentifier":"cdc-pipeline-minimal-cdc-replication"}]}`),
		"name/stream":     takenStream(config, "retail_trans_stream_minimal"),
		"name/bucket":     takenBucket(config, plannedBucket),
		"name/catalog":    takenDatabase(config, "cdc_pipeline_minimal"),
		"name/workgroup":  takenWorkgroup(config, "cdc_pipeline_minimal"),
		"name/key-alias":  takenAlias(config, "alias/cdc-pipeline-minimal-cdc-key"),
		"name/log-groups": takenLogGroup(config, "/aws/rds/cluster/dms-src-minimal/error"),
	}
}

// setting changes a value temporarily.
func (p *plan) setting(key, wrong, right string) breaker {
	return func(ctx context.Context) (breakage, error) {
		return breakage{mend: func(ctx context.Context) error { return p.set(ctx, key, right) }}, p.set(ctx, key, wrong)
	}
}

// oldTool puts a command before the real one in PATH, with answers of its own.
func oldTool(r *Run, name, instead string) breaker {
	return func(context.Context) (breakage, error) {
		dir := filepath.Join(r.World.Site.Dir, "old-"+name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return breakage{}, fmt.Errorf("making a folder: %w", err)
		}
		var path string
		for _, entry := range r.Tool.Env {
			if value, ok := strings.CutPrefix(entry, "PATH="); ok {
				path = value
			}
		}
		script := "#!/bin/sh\n" + instead + "\nPATH='" + path + "' exec " + name + ` "$@"` + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil { //nolint:gosec // the file is executed
			return breakage{}, fmt.Errorf("writing a command: %w", err)
		}
		return breakage{mend: func(context.Context) error { return os.RemoveAll(dir) }, env: []string{"PATH=" + dir + string(os.PathListSeparator) + path}}, nil
	}
}

func takenPort(port int) breaker {
	return func(context.Context) (breakage, error) {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return breakage{}, fmt.Errorf("taking the port: %w", err)
		}
		return breakage{mend: func(context.Context) error { return l.Close() }}, nil
	}
}

// changed changes an offer temporarily.
func changed(r *Run, change func(*offers.Offers)) breaker {
	return func(context.Context) (breakage, error) {
		undo, err := r.World.Offers.Change(change)
		return breakage{mend: func(context.Context) error { undo(); return nil }}, err //nolint:wrapcheck // breakOne adds what failed
	}
}

func noQuota(r *Run, code string) breaker {
	return changed(r, func(o *offers.Offers) { o.Quotas[code] = 0 })
}

// taken changes an action's answer temporarily.
func taken(r *Run, service, action, answer string) breaker {
	return func(context.Context) (breakage, error) {
		undo := r.World.Offers.Take(controlplane.Action{Service: service, Name: action}, func(_ context.Context, c *controlplane.Call) (bool, error) {
			c.Status, c.ResponseBody = http.StatusOK, []byte(answer)
			return true, nil
		})
		return breakage{mend: func(context.Context) error { undo(); return nil }}, nil
	}
}
