package source

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// parameterFamily is the cluster parameter group family of an engine version: 8.0.mysql_aurora.3.10.4 belongs to
// aurora-mysql8.0 and 8.4.7 to aurora-mysql8.4.
func parameterFamily(engineVersion string) (string, error) {
	parts := strings.SplitN(engineVersion, ".", 3)
	if len(parts) >= 2 {
		switch major := parts[0] + "." + parts[1]; major {
		case "8.0", "8.4":
			return "aurora-mysql" + major, nil
		}
	}
	return "", fmt.Errorf("source.engineVersion: %q is neither Aurora MySQL 3 (8.0.mysql_aurora.3.10.4) nor 8.4 (8.4.7)", engineVersion)
}

// clusterParameters are what DMS needs of the binary log, TLS for everybody, and an audit log of who connected and who
// changed structure or rights. Rows and queries are in no audit event, so no row leaves the database by that log.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Auditing.html
//
// Each is applied at the next boot, which for a new cluster is its first one: RDS stores "immediate" as
// "pending-reboot" for static parameters and would show a difference for ever. Values are spelled as RDS lists
// them (binlog_row_image in lower case), for the same reason.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html
func clusterParameters() rds.ClusterParameterGroupParameterArray {
	values := []struct{ name, value string }{
		{"binlog_checksum", "NONE"},
		{"binlog_format", "ROW"},
		{"binlog_row_image", "full"},
		{"require_secure_transport", "ON"},
		{"server_audit_events", "CONNECT"},
		{"server_audit_logging", "1"},
		{"slow_query_log", "1"},
	}
	parameters := make(rds.ClusterParameterGroupParameterArray, len(values))
	for i, v := range values {
		parameters[i] = rds.ClusterParameterGroupParameterArgs{
			Name:        pulumi.String(v.name),
			Value:       pulumi.String(v.value),
			ApplyMethod: pulumi.String("pending-reboot"),
		}
	}
	return parameters
}

// supportsPerformanceInsights says whether Aurora MySQL has Performance Insights on an instance class.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DatabaseInsights.Engines.html
func supportsPerformanceInsights(class string) bool {
	switch {
	case strings.HasPrefix(class, "db.t2."), strings.HasPrefix(class, "db.t3."):
		return false
	default:
		return class != "db.t4g.micro" && class != "db.t4g.small"
	}
}
