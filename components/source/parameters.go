package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// aurora holds the differences between the two Aurora engines.
type aurora struct {
	kind   component.Kind
	engine config.Engine
	// dms is DMS's name for the engine.
	dms string
	// about describes the parameter group.
	about string
	// family is the parameter group family of a version.
	family     func(version string) (string, error)
	parameters func(config.Source) []parameter
}

// parameter is a cluster parameter with its value.
type parameter struct{ name, value string }

var (
	auroraMySQL = aurora{
		auroraMySQLKind, config.EngineMySQL, "aurora", "Binary log as DMS reads it", mysqlFamily, mysqlParameters,
	}
	auroraPostgreSQL = aurora{
		auroraPostgreSQLKind, config.EnginePostgreSQL, "aurora-postgresql", "Logical decoding as DMS reads it",
		postgresFamily, postgresParameters,
	}
)

// mysqlFamily is the cluster parameter group family of an engine version: 8.0.mysql_aurora.3.10.4 belongs to
// aurora-mysql8.0 and 8.4.7 to aurora-mysql8.4.
func mysqlFamily(engineVersion string) (string, error) {
	parts := strings.SplitN(engineVersion, ".", 3)
	if len(parts) >= 2 {
		switch major := parts[0] + "." + parts[1]; major {
		case "8.0", "8.4":
			return "aurora-mysql" + major, nil
		}
	}
	return "", fmt.Errorf("source.engineVersion: %q is neither Aurora MySQL 3 (8.0.mysql_aurora.3.10.4) nor 8.4 (8.4.7)", engineVersion)
}

// postgresFamily is the same for Aurora PostgreSQL: 17.7 belongs to aurora-postgresql17.
func postgresFamily(engineVersion string) (string, error) {
	major, _, found := strings.Cut(engineVersion, ".")
	if _, err := strconv.Atoi(major); !found || err != nil {
		return "", fmt.Errorf("source.engineVersion: %q is no version of Aurora PostgreSQL (17.7)", engineVersion)
	}
	return "aurora-postgresql" + major, nil
}

// mysqlParameters set the binary log as DMS needs it, TLS for everybody, and an audit log of connections and of
// changes to structure or rights. Audit events contain neither rows nor queries, so that log never carries a row out
// of the database. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Auditing.html,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html
func mysqlParameters(config.Source) []parameter {
	return []parameter{
		{"binlog_checksum", "NONE"},
		{"binlog_format", "ROW"},
		{"binlog_row_image", "full"},
		{"require_secure_transport", "ON"},
		{"server_audit_events", "CONNECT"},
		{"server_audit_logging", "1"},
		{"slow_query_log", "1"},
	}
}

// slotTimeoutMs is how long a slot's reader may be silent. DMS wants 0, or at least 10 seconds,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html.
const slotTimeoutMs = 60_000

// postgresParameters set the log as DMS needs it, a limit on the log that a slot may keep, TLS for everybody, and
// connections in the server log. Statements are not logged, because one that sets a user's password would be too.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Replication.Logical.Configure.html,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html,
// https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-MAX-SLOT-WAL-KEEP-SIZE
func postgresParameters(cfg config.Source) []parameter {
	return []parameter{
		{"log_connections", "1"},
		{"log_disconnections", "1"},
		{"max_slot_wal_keep_size", strconv.Itoa(cfg.SlotWalGb * 1024)},
		{"rds.force_ssl", "1"},
		{"rds.logical_replication", "1"},
		{"wal_sender_timeout", strconv.Itoa(slotTimeoutMs)},
	}
}

// clusterParameters apply at the next boot, which for a new cluster is the first one. RDS stores "immediate" as
// "pending-reboot" for static parameters, so it would show a difference for ever. Values are spelled as RDS lists
// them (binlog_row_image in lower case), for the same reason.
func clusterParameters(values ...parameter) rds.ClusterParameterGroupParameterArray {
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

// supportsPerformanceInsights reports whether Aurora has Performance Insights on an instance class.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DatabaseInsights.Engines.html
func supportsPerformanceInsights(class string) bool {
	switch {
	case strings.HasPrefix(class, "db.t2."), strings.HasPrefix(class, "db.t3."):
		return false
	default:
		return class != "db.t4g.micro" && class != "db.t4g.small"
	}
}
