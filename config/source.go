package config

import "cmp"

// Source is the database whose committed rows the task follows: MySQL-compatible, or PostgreSQL.
type Source struct {
	// Enabled makes the source. Set it to false if the stack has only the sources of the section sources; then set nothing else here. You
	// must set it if sources is set and nothing else is set here. Default true.
	Enabled *bool `json:"enabled" pulumi:"enabled,optional"`
	// Existing names a database of yours. Without it the stack makes a cluster of Aurora MySQL or Aurora PostgreSQL.
	Existing *ExistingDatabase `json:"existing" pulumi:"existing,optional"`
	// Engine is the kind of the database. Default mysql.
	Engine Engine `json:"engine" pulumi:"engine,optional"`
	// ClusterName is the name of the Aurora cluster. Default dms-src, followed by the stack's name unless the stack is dev: dms-src-prod.
	ClusterName string `json:"clusterName" pulumi:"clusterName,optional"`
	// DatabaseName is the one database of a PostgreSQL server that the task follows, because a DMS task connects to only one. In a
	// cluster the stack makes it. You cannot change it later: another database needs another source. Not for MySQL. Default of a cluster:
	// testdb.
	DatabaseName string `json:"databaseName" pulumi:"databaseName,optional"`
	// EngineVersion is the version of Aurora, e.g. 8.0.mysql_aurora.3.10.4 or, for Aurora PostgreSQL, 17.7. Default 17.7 for Aurora
	// PostgreSQL.
	EngineVersion string `json:"engineVersion" pulumi:"engineVersion,optional"`
	// InstanceClass is the class of each Aurora instance. Default db.t4g.medium in dev, db.r7g.large in prod.
	InstanceClass string `json:"instanceClass" pulumi:"instanceClass,optional"`
	// Instances is how many instances the cluster has, the writer included, 1 to 16. Default 1 in dev, 2 in prod.
	Instances int `json:"instances" pulumi:"instances,optional"`
	// Port is the port of the cluster. Default 3306 in dev; 3307 in prod, because everybody tries 3306 first. For Aurora PostgreSQL 5432
	// and 5433.
	Port int `json:"port" pulumi:"port,optional"`
	// DeletionProtection protects the cluster from deletion. Default false in dev, true in prod.
	DeletionProtection *bool `json:"deletionProtection" pulumi:"deletionProtection,optional"`
	// BinlogRetentionHours is how long MySQL keeps its binlog, 24 to 2160. Default 24 in dev, 168 in prod.
	BinlogRetentionHours int `json:"binlogRetentionHours" pulumi:"binlogRetentionHours,optional"`
	// SlotWalGb is how many GB of its log an Aurora PostgreSQL cluster may hold back for a replication slot (max_slot_wal_keep_size), 1
	// to 65536. PostgreSQL gives up a slot that needs more, and then you must load the tables again. Default for such a cluster 10 in
	// dev, 100 in prod.
	SlotWalGb int `json:"slotWalGb" pulumi:"slotWalGb,optional"`
	// SetReplicaIdentity lets the bootstrap run ALTER TABLE … REPLICA IDENTITY FULL on followed PostgreSQL tables whose records would
	// otherwise not identify their rows. Default false: the deployment fails and names the statements to run.
	SetReplicaIdentity bool `json:"setReplicaIdentity" pulumi:"setReplicaIdentity,optional"`
	// AlarmTopic is the ARN of an SNS topic of the stack's region and account. It is told when the slot of an Aurora PostgreSQL cluster
	// holds back half of SlotWalGb. Its policy must let cloudwatch.amazonaws.com publish. Default lake.tables.alarmTopic, and if that is
	// not set, the topic of the section alarms.
	AlarmTopic string `json:"alarmTopic" pulumi:"alarmTopic,optional"`
	// Tables are the tables to follow, each by name or by a pattern. Default testdb.retail_trans.
	Tables []Table `json:"tables" pulumi:"tables,optional"`
	// Exclude leaves out tables that a pattern of Tables includes.
	Exclude []ExcludedTable `json:"exclude" pulumi:"exclude,optional"`
	// Bootstrap sets whether the bootstrap may change the database. Default apply.
	Bootstrap Bootstrap `json:"bootstrap" pulumi:"bootstrap,optional"`
	// Cascades sets what the bootstrap does about foreign keys through which MySQL itself deletes or changes rows of followed tables (ON
	// DELETE and ON UPDATE CASCADE, SET NULL, SET DEFAULT). DMS does not learn of such changes. Default warn. Not for PostgreSQL, whose
	// log contains these rows.
	Cascades Cascades `json:"cascades" pulumi:"cascades,optional"`
	// DottedColumns sets what the bootstrap does about columns of followed tables with a dot in their names. The history index, which all
	// tables share, reads such names as objects. Default fail.
	DottedColumns DottedColumns `json:"dottedColumns" pulumi:"dottedColumns,optional"`
	// ReplicationSecretArn is the ARN of the Secrets Manager secret {"username","password","host","port"} of a replication user that
	// already exists. It is required if Bootstrap is check, and refused otherwise.
	ReplicationSecretArn string `json:"replicationSecretArn" pulumi:"replicationSecretArn,optional"`
	// RotationDays is the time between two rotations of the replication user's password, 1 to 1000. 0 turns rotation off. Default 30, and
	// 0 if Bootstrap is check.
	RotationDays *int `json:"rotationDays" pulumi:"rotationDays,optional"`
	// SchemaFiles are SQL files that create the tables. The bootstrap runs them in order; each must be idempotent. Default: the statement
	// for testdb.retail_trans, if that table is followed.
	SchemaFiles []string `json:"schemaFiles" pulumi:"schemaFiles,optional"`
	// SchemaRevision counts the changes of the tables' structure. Raise it to make the bootstrap read the tables again, so that the
	// lake's catalog learns of added or changed columns. Default 0.
	SchemaRevision int `json:"schemaRevision" pulumi:"schemaRevision,optional"`
	// RowsSince is, for tables by name or pattern (shop.orders, %.%), the time from which their records are authoritative. Athena's rows
	// and cdc verify --deep skip earlier records, which stay where they are. Choose a time after the last record of another source, or
	// after a loss, and before the first row that is loaded again; cdc start --reload prints it. If several times match a table, the
	// latest counts. Write it in quotes, like "2026-01-31T12:00:00Z". Default: all records count.
	RowsSince RowsSince `json:"rowsSince" pulumi:"rowsSince,optional"`
	// CaFile is a PEM file with the certificates that sign the database's certificate. Default: those of RDS.
	CaFile string `json:"caFile" pulumi:"caFile,optional"`
	// Conformance prepares for cdc conformance, which makes tables of its own to check whether AWS behaves as this project assumes. The
	// stack makes the database cdc_conformance (for PostgreSQL the schema), and the task follows tables that are made there later.
	// Default false.
	Conformance bool `json:"conformance" pulumi:"conformance,optional"`
}

// Engine names the kind of a database.
type Engine string

const (
	// EngineMySQL is MySQL, MariaDB or Aurora MySQL. This is the default.
	EngineMySQL Engine = "mysql"
	// EnginePostgreSQL is PostgreSQL or Aurora PostgreSQL.
	EnginePostgreSQL Engine = "postgresql"
)

// ExistingDatabase is a database that this stack does not own.
type ExistingDatabase struct {
	// Host is the host name of the writer.
	Host string `json:"host" pulumi:"host"`
	// Port is the port of the database. Default 3306, for PostgreSQL 5432.
	Port int `json:"port" pulumi:"port,optional"`
	// SecretArn is the ARN of the Secrets Manager secret {"username","password"} of a user who may create users and read variables. With
	// source.bootstrap: check it can be any user who may read variables; the default is then source.replicationSecretArn.
	SecretArn string `json:"secretArn" pulumi:"secretArn,optional"`
	// SecurityGroupID is the security group of the database. The stack adds rules that admit DMS and the bootstrap function.
	SecurityGroupID string `json:"securityGroupId" pulumi:"securityGroupId"`
}

// Bootstrap names what the bootstrap may do to the database.
type Bootstrap string

const (
	// BootstrapApply makes what is missing (databases, tables, the replication user) and sets the retention of the binlog.
	BootstrapApply Bootstrap = "apply"
	// BootstrapCheck changes nothing and fails the deployment if something is missing. It needs source.existing.
	BootstrapCheck Bootstrap = "check"
)

// Cascades names what the bootstrap does about foreign keys that change rows by themselves.
type Cascades string

const (
	// CascadesWarn names each foreign key, with what to do.
	CascadesWarn Cascades = "warn"
	// CascadesFail also fails the deployment.
	CascadesFail Cascades = "fail"
)

// DottedColumns names what the bootstrap does about columns with a dot in their names.
type DottedColumns string

const (
	// DottedColumnsFail fails the deployment and names each column, with what to do.
	DottedColumnsFail DottedColumns = "fail"
	// DottedColumnsWarn names each column, with what the history index makes of it.
	DottedColumnsWarn DottedColumns = "warn"
)

// Table is one table to follow, or all tables that match a pattern.
type Table struct {
	// Database is the database of the table; for PostgreSQL its schema. A % stands for any text. Upper and lower case differ.
	Database string `json:"database" pulumi:"database"`
	// Table is the name of the table. A % stands for any text. Upper and lower case differ.
	Table string `json:"table" pulumi:"table"`
	// OmitColumns are columns to leave out of every record, before any sink. Columns of the primary key cannot be left out.
	OmitColumns []string `json:"omitColumns" pulumi:"omitColumns,optional"`
	// Filters choose rows of a table that is given by its name. A row must pass one filter of each column that has filters. Filter only
	// on columns that never change: DMS does not move a row in or out later.
	Filters []Filter `json:"filters" pulumi:"filters,optional"`
}

// String returns database.table.
func (t Table) String() string { return t.Database + "." + t.Table }

// ExcludedTable is one table to leave out, or all tables that match a pattern.
type ExcludedTable struct {
	// Database is the database of the table; for PostgreSQL its schema. A % stands for any text.
	Database string `json:"database" pulumi:"database"`
	// Table is the name of the table. A % stands for any text.
	Table string `json:"table" pulumi:"table"`
}

// Filter is a condition on one column, as DMS defines it:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.Filters.html.
type Filter struct {
	// Column is the column that the condition is on. It must not be a LOB.
	Column string `json:"column" pulumi:"column"`
	// Operator compares the column with the value. A negative one (noteq, notbetween, notnull) must be the only filter on its column.
	Operator FilterOperator `json:"operator" pulumi:"operator"`
	// Value is the value to compare with, or the lower end for between and notbetween. Leave it out for null and notnull. Write dates as
	// YYYY-MM-DD and times as YYYY-MM-DD HH:MM:SS.
	Value string `json:"value" pulumi:"value,optional"`
	// EndValue is the upper end for between and notbetween.
	EndValue string `json:"endValue" pulumi:"endValue,optional"`
}

// FilterOperator is DMS's name of a comparison.
type FilterOperator string

const (
	// FilterEq is equal to the value.
	FilterEq FilterOperator = "eq"
	// FilterNotEq is not equal to the value.
	FilterNotEq FilterOperator = "noteq"
	// FilterGte is greater than or equal to the value.
	FilterGte FilterOperator = "gte"
	// FilterLte is less than or equal to the value.
	FilterLte FilterOperator = "lte"
	// FilterSte is another name of lte.
	FilterSte FilterOperator = "ste"
	// FilterBetween is equal to one of two values, or between them.
	FilterBetween FilterOperator = "between"
	// FilterNotBetween is neither equal to one of two values nor between them.
	FilterNotBetween FilterOperator = "notbetween"
	// FilterNull has no value.
	FilterNull FilterOperator = "null"
	// FilterNotNull has a value.
	FilterNotNull FilterOperator = "notnull"
)

// Values returns how many values the operator compares with: 0, 1 or 2.
func (o FilterOperator) Values() int {
	switch o {
	case FilterNull, FilterNotNull:
		return 0
	case FilterBetween, FilterNotBetween:
		return 2
	default:
		return 1
	}
}

func (o FilterOperator) negative() bool {
	return o == FilterNotEq || o == FilterNotBetween || o == FilterNotNull
}

// On reports whether the stack has the unnamed source. Call it after WithDefaults of the whole configuration.
func (s Source) On() bool { return s.Enabled != nil && *s.Enabled }

// WithDefaults fills unset settings. With an existing database, the settings of a cluster stay unset.
func (s Source) WithDefaults(env Environment) Source {
	s.Engine = cmp.Or(s.Engine, EngineMySQL)
	of := s.Engine.defaults(env)
	s.BinlogRetentionHours = cmp.Or(s.BinlogRetentionHours, of.binlogHours)
	s.Bootstrap = cmp.Or(s.Bootstrap, BootstrapApply)
	s.Cascades = cmp.Or(s.Cascades, of.cascades)
	s.DottedColumns = cmp.Or(s.DottedColumns, DottedColumnsFail)
	s.RotationDays = cmp.Or(s.RotationDays, new(s.rotationDays()))
	if len(s.Tables) == 0 {
		s.Tables = []Table{{Database: retailDatabase, Table: retailTable}}
	}
	if s.Existing != nil {
		existing := *s.Existing
		existing.Port = cmp.Or(existing.Port, of.usualPort)
		if s.Bootstrap == BootstrapCheck {
			existing.SecretArn = cmp.Or(existing.SecretArn, s.ReplicationSecretArn)
		}
		s.Existing = &existing
		return s
	}
	s.ClusterName = cmp.Or(s.ClusterName, defaultClusterName)
	s.DatabaseName = cmp.Or(s.DatabaseName, of.databaseName)
	s.EngineVersion = cmp.Or(s.EngineVersion, of.version)
	s.InstanceClass = cmp.Or(s.InstanceClass, choose(env, "db.t4g.medium", "db.r7g.large"))
	s.Instances = cmp.Or(s.Instances, choose(env, 1, 2))
	s.Port = cmp.Or(s.Port, choose(env, of.usualPort, of.usualPort+1))
	s.SlotWalGb = cmp.Or(s.SlotWalGb, of.slotWalGb)
	s.DeletionProtection = cmp.Or(s.DeletionProtection, new(env == Prod))
	return s
}

// rotationDays returns the default. If the user made the replication user, the stack does not rotate its password.
func (s Source) rotationDays() int {
	if s.Bootstrap == BootstrapCheck {
		return 0
	}
	return 30
}

// Rotates reports whether the stack rotates the replication user's password. Call it after WithDefaults.
func (s Source) Rotates() bool { return *s.RotationDays > 0 }

// The bootstrap can make this table without a schema file.
const retailDatabase, retailTable = "testdb", "retail_trans"
