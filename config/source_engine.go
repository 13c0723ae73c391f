package config

import (
	"regexp"
	"slices"
	"strings"
)

// PostgreSQL reports whether the source is a PostgreSQL database. Call it after WithDefaults.
func (s Source) PostgreSQL() bool { return s.Engine == EnginePostgreSQL }

// engineDefaults has the defaults that depend on the engine. Settings of the other engine stay unset.
type engineDefaults struct {
	databaseName, version             string
	usualPort, binlogHours, slotWalGb int
	cascades                          Cascades
}

func (e Engine) defaults(env Environment) engineDefaults {
	if e == EnginePostgreSQL {
		// AWS supports this version longer than others:
		// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Updates.LTS.html.
		return engineDefaults{databaseName: retailDatabase, version: auroraPostgreSQL, usualPort: 5432, slotWalGb: choose(env, 10, 100)}
	}
	return engineDefaults{version: auroraMySQL, usualPort: 3306, binlogHours: choose(env, 24, 168), cascades: CascadesWarn}
}

// These are the default versions of a cluster.
const (
	auroraMySQL      = "8.0.mysql_aurora.3.10.4"
	auroraPostgreSQL = "17.7"
)

// server returns the engine's name for a message.
func (e Engine) server() string {
	if e == EnginePostgreSQL {
		return "PostgreSQL"
	}
	return "MySQL"
}

// maxIdentifier returns the longest name that the engine accepts, and the unit of that length:
// https://dev.mysql.com/doc/refman/8.4/en/identifier-length.html,
// https://www.postgresql.org/docs/current/limits.html.
func (e Engine) maxIdentifier() (length int, unit string, count func(string) int) {
	if e == EnginePostgreSQL {
		return 63, "bytes", func(name string) int { return len(name) }
	}
	return 64, "characters", func(name string) int { return len([]rune(name)) }
}

// SystemSchemas lists schemas that no task may follow: the engine's own, and for PostgreSQL the schema with the
// heartbeat of DMS.
func (e Engine) SystemSchemas() []string {
	if e == EnginePostgreSQL {
		return []string{HeartbeatSchema, "information_schema", "pg_catalog", "pg_toast"}
	}
	return []string{"information_schema", "mysql", "performance_schema", "sys"}
}

// HeartbeatSchema contains the table that DMS writes to. These writes move the slot of an idle database forward.
const HeartbeatSchema = "cdc_heartbeat"

// owns reports whether a schema belongs to the engine. In PostgreSQL these are all schemas whose names begin with
// pg_: https://www.postgresql.org/docs/current/ddl-schemas.html.
func (e Engine) owns(schema string) bool {
	schema = strings.ToLower(schema)
	return slices.Contains(e.SystemSchemas(), schema) || e == EnginePostgreSQL && strings.HasPrefix(schema, "pg_")
}

// validateEngine refuses each key that the source's engine does not have, and says what to do.
func (s Source) validateEngine(p *problems, at string) {
	oneOf(p, at+".engine", s.Engine, EngineMySQL, EnginePostgreSQL)
	if s.PostgreSQL() {
		s.validatePostgreSQL(p, at)
		return
	}
	const why = "is a setting for PostgreSQL"
	p.foreign(at, ".databaseName", s.DatabaseName != "", why+": for MySQL, %[1]s.tables names the databases; remove it, or set %[1]s.engine to postgresql")
	p.foreign(at, ".slotWalGb", s.SlotWalGb != 0, why+": for MySQL, %[1]s.binlogRetentionHours sets how long the log is kept; remove it, or set %[1]s.engine to postgresql")
	p.foreign(at, ".setReplicaIdentity", s.SetReplicaIdentity, why+": MySQL's records always contain the whole row; remove it, or set %[1]s.engine to postgresql")
	p.foreign(at, ".alarmTopic", s.AlarmTopic != "", why+": its alarm watches a replication slot; remove it, or set %[1]s.engine to postgresql")
	p.between(at+".binlogRetentionHours", s.BinlogRetentionHours, 24, 2160, "hours")
	oneOf(p, at+".cascades", s.Cascades, CascadesWarn, CascadesFail)
}

// foreign refuses a key that is set although the source's engine does not have it.
func (p *problems) foreign(at, key string, set bool, why string) {
	if set {
		p.add(at+key, why, at)
	}
}

func (s Source) validatePostgreSQL(p *problems, at string) {
	const why = "is a setting for MySQL"
	p.foreign(at, ".binlogRetentionHours", s.BinlogRetentionHours != 0, why+": PostgreSQL keeps its log for a slot, and for a cluster %[1]s.slotWalGb is the limit; remove it, or set %[1]s.engine to mysql")
	p.foreign(at, ".cascades", s.Cascades != "", why+": PostgreSQL's log contains the rows that foreign keys change; remove it, or set %[1]s.engine to mysql")
	s.validateDatabaseName(p, at+".databaseName", at)
	p.foreign(at, ".setReplicaIdentity", s.SetReplicaIdentity && s.Bootstrap == BootstrapCheck, "changes tables, but %[1]s.bootstrap check changes nothing: remove one of the two, and run the statements that the bootstrap names")
	if s.AlarmTopic != "" {
		p.matches(at+".alarmTopic", s.AlarmTopic, topicArn, "the full ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>")
	}
	if s.Existing == nil {
		p.between(at+".slotWalGb", s.SlotWalGb, 1, 65536, "GB: a cluster's storage has at most 64 TB")
	}
}

var (
	// API_CreateDBCluster does not define the valid names of DatabaseName; this is the rule for DBName in
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html.
	clusterDatabase = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	// anyDatabase excludes characters that would break the connection settings of DMS.
	anyDatabase = regexp.MustCompile(`^[\p{L}\p{N}_$-]+$`)
)

// ownDatabases lists databases that every server has from the start.
var ownDatabases = []string{"postgres", "rdsadmin", "template0", "template1"}

func (s Source) validateDatabaseName(p *problems, key, at string) {
	name, pattern, want := s.DatabaseName, clusterDatabase, "letters, digits and _ only, and must begin with a letter"
	if s.Existing != nil {
		pattern, want = anyDatabase, "letters, digits, _, $ and - only: name one database, without wildcards"
	}
	own := ownDatabases
	if s.Existing != nil {
		own = own[1:]
	}
	switch {
	case name == "":
		p.add(key, "is missing: name the database of %[1]s.existing to follow; %[1]s.tables names its schemas", at)
	case len(name) > 63:
		p.add(key, "is %d bytes long: PostgreSQL allows at most 63", len(name))
	case slices.Contains(own, name):
		p.add(key, "%q belongs to PostgreSQL itself: follow a database of your own", name)
	default:
		p.matches(key, name, pattern, want)
	}
}

var postgresVersion = regexp.MustCompile(`^[0-9]{2}\.[0-9]+$`)

// validatePostgreSQLVersion accepts versions that both RDS and DMS support. Versions before 14 are out of support
// (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html).
// DMS supports none after 17 (https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html).
func (s Source) validatePostgreSQLVersion(p *problems, key string) {
	if !p.matches(key, s.EngineVersion, postgresVersion, "a full Aurora PostgreSQL version such as "+auroraPostgreSQL) {
		return
	}
	switch {
	case versionBelow(s.EngineVersion, 14):
		p.add(key, "%s is out of support: use Aurora PostgreSQL version 14 or newer, such as %s", s.EngineVersion, auroraPostgreSQL)
	case !versionBelow(s.EngineVersion, 18):
		p.add(key, "%s is newer than DMS supports: use Aurora PostgreSQL version 17 or older, such as %s", s.EngineVersion, auroraPostgreSQL)
	}
}

// validateFollowed checks that the DMS version supports the database. PostgreSQL 17 needs DMS 3.6.1 or newer.
// Every DMS version that is accepted here supports older databases:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html.
func (f Feed) validateFollowed(p *problems) {
	version := f.Replication.EngineVersion
	if f.Source.PostgreSQL() && f.Source.Existing == nil && version != "" && !versionBelow(f.Source.EngineVersion, 17) && versionBelow(version, 3, 6, 1) {
		p.add(f.Key("replication.engineVersion"), "%s does not support PostgreSQL 17, the version in %s: use 3.6.1 or newer, or an older %[2]s", version, f.Key("source.engineVersion"))
	}
}
