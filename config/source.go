package config

import "cmp"

// Source is the database whose committed rows are followed: a MySQL-compatible one, or PostgreSQL.
type Source struct {
	// Enabled makes the source. With false there are the sources of the section sources alone, and nothing else is set here. To be
	// said when sources is set and nothing else here is. Default true.
	Enabled *bool `json:"enabled" pulumi:"enabled,optional"`
	// Existing names a database of yours; without it a cluster is made: Aurora MySQL, or Aurora PostgreSQL.
	Existing *ExistingDatabase `json:"existing" pulumi:"existing,optional"`
	// Engine of the database. Default mysql.
	Engine Engine `json:"engine" pulumi:"engine,optional"`
	// ClusterName of the Aurora cluster. Default dms-src, with the stack's name behind it unless the stack is dev: dms-src-prod.
	ClusterName string `json:"clusterName" pulumi:"clusterName,optional"`
	// DatabaseName is the one database of a PostgreSQL server that is followed: a task of DMS logs in to one. In a cluster it is
	// made. A source keeps it: another one is another source. Not for MySQL. Default of a cluster: testdb.
	DatabaseName string `json:"databaseName" pulumi:"databaseName,optional"`
	// EngineVersion of Aurora, e.g. 8.0.mysql_aurora.3.10.4 or, of Aurora PostgreSQL, 17.7. Default 17.7 for Aurora PostgreSQL.
	EngineVersion string `json:"engineVersion" pulumi:"engineVersion,optional"`
	// InstanceClass of each Aurora instance. Default db.t4g.medium in dev, db.r7g.large in prod.
	InstanceClass string `json:"instanceClass" pulumi:"instanceClass,optional"`
	// Instances in the cluster, writer included, 1 to 16. Default 1 in dev, 2 in prod.
	Instances int `json:"instances" pulumi:"instances,optional"`
	// Port of the cluster. Default 3306 in dev; in prod 3307, because 3306 is where everybody looks first. Of Aurora PostgreSQL
	// 5432 and 5433.
	Port int `json:"port" pulumi:"port,optional"`
	// DeletionProtection of the cluster. Default false in dev, true in prod.
	DeletionProtection *bool `json:"deletionProtection" pulumi:"deletionProtection,optional"`
	// BinlogRetentionHours of MySQL, 24 to 2160. Default 24 in dev, 168 in prod.
	BinlogRetentionHours int `json:"binlogRetentionHours" pulumi:"binlogRetentionHours,optional"`
	// SlotWalGb of an Aurora PostgreSQL cluster, 1 to 65536: how many GB of its log a replication slot may hold back
	// (max_slot_wal_keep_size). PostgreSQL gives up a slot that wants more, and then the tables have to be loaded again. Default
	// of such a cluster 10 in dev, 100 in prod.
	SlotWalGb int `json:"slotWalGb" pulumi:"slotWalGb,optional"`
	// SetReplicaIdentity lets the bootstrap run ALTER TABLE … REPLICA IDENTITY FULL on followed tables of PostgreSQL whose
	// records would otherwise not tell their rows. Default false: the deployment fails, with the statements to run.
	SetReplicaIdentity bool `json:"setReplicaIdentity" pulumi:"setReplicaIdentity,optional"`
	// AlarmTopic is the ARN of an SNS topic of the stack's region and account, which is told when the slot of an Aurora PostgreSQL
	// cluster holds back half of slotWalGb. Its policy must let cloudwatch.amazonaws.com publish. Default lake.tables.alarmTopic, and without
	// that the topic of the section alarms.
	AlarmTopic string `json:"alarmTopic" pulumi:"alarmTopic,optional"`
	// Tables to follow, each by name or by a pattern. Default testdb.retail_trans.
	Tables []Table `json:"tables" pulumi:"tables,optional"`
	// Exclude leaves tables out that a pattern of Tables takes in.
	Exclude []ExcludedTable `json:"exclude" pulumi:"exclude,optional"`
	// Bootstrap says what the bootstrap may do to the database. Default apply.
	Bootstrap Bootstrap `json:"bootstrap" pulumi:"bootstrap,optional"`
	// Cascades says what the bootstrap does about foreign keys by which MySQL itself deletes or changes rows of followed tables
	// (ON DELETE and ON UPDATE CASCADE, SET NULL, SET DEFAULT): nothing tells DMS of that. Default warn. Not for PostgreSQL, whose
	// log has these rows.
	Cascades Cascades `json:"cascades" pulumi:"cascades,optional"`
	// DottedColumns says what the bootstrap does about columns of followed tables that have a dot in their names: the history
	// index, which all tables share, takes them for objects. Default fail.
	DottedColumns DottedColumns `json:"dottedColumns" pulumi:"dottedColumns,optional"`
	// ReplicationSecretArn names the Secrets Manager secret {"username","password","host","port"} of the replication user,
	// who exists already: needed when Bootstrap is check, refused otherwise.
	ReplicationSecretArn string `json:"replicationSecretArn" pulumi:"replicationSecretArn,optional"`
	// RotationDays between two rotations of the replication user's password, 1 to 1000; 0 turns them off. Default 30, and 0
	// with Bootstrap check.
	RotationDays *int `json:"rotationDays" pulumi:"rotationDays,optional"`
	// SchemaFiles hold the SQL that creates the tables, run in order by the bootstrap; each must be idempotent.
	// Default: the statement for testdb.retail_trans, when that table is followed.
	SchemaFiles []string `json:"schemaFiles" pulumi:"schemaFiles,optional"`
	// SchemaRevision counts the changes of the tables' structure: raise it, and the bootstrap looks at them again, so that
	// the lake's catalog learns of columns that were added or altered since. Default 0.
	SchemaRevision int `json:"schemaRevision" pulumi:"schemaRevision,optional"`
	// RowsSince says for tables, by name or pattern (shop.orders, %.%), since when their records tell what their rows are: a
	// time between the last record of another source, or before a loss, and the first row loaded anew; cdc start --reload says
	// it. What was recorded before stays, but Athena's rows and cdc verify --deep pass over it. Of times that match a table the
	// latest holds. In quotes, like "2026-01-31T12:00:00Z". Default: all records tell.
	RowsSince RowsSince `json:"rowsSince" pulumi:"rowsSince,optional"`
	// CaFile is a PEM bundle that signs the database's certificate. Default: the bundle of RDS.
	CaFile string `json:"caFile" pulumi:"caFile,optional"`
	// Conformance prepares for cdc conformance, which makes a table of its own to see whether AWS does what this project
	// assumes: the database cdc_conformance is made, of PostgreSQL the schema, and what is made in it later is followed. Default false.
	Conformance bool `json:"conformance" pulumi:"conformance,optional"`
}

// Engine names what the database speaks.
type Engine string

const (
	// EngineMySQL is MySQL, MariaDB or Aurora MySQL. The default.
	EngineMySQL Engine = "mysql"
	// EnginePostgreSQL is PostgreSQL or Aurora PostgreSQL.
	EnginePostgreSQL Engine = "postgresql"
)

// ExistingDatabase is a database that this stack does not own.
type ExistingDatabase struct {
	// Host of the writer.
	Host string `json:"host" pulumi:"host"`
	// Port, default 3306, of PostgreSQL 5432.
	Port int `json:"port" pulumi:"port,optional"`
	// SecretArn names the Secrets Manager secret {"username","password"} of a user who may create users and read variables.
	// With source.bootstrap: check any user who may read them will do. Default then: source.replicationSecretArn.
	SecretArn string `json:"secretArn" pulumi:"secretArn,optional"`
	// SecurityGroupID of the database; rules that admit DMS and the bootstrap function are added to it.
	SecurityGroupID string `json:"securityGroupId" pulumi:"securityGroupId"`
}

// Bootstrap names what the bootstrap may do to the database.
type Bootstrap string

const (
	// BootstrapApply makes what is missing: databases, tables, the replication user; and sets the binlog's retention.
	BootstrapApply Bootstrap = "apply"
	// BootstrapCheck changes nothing and fails the deployment when something is missing; needs source.existing.
	BootstrapCheck Bootstrap = "check"
)

// Cascades names what is done about foreign keys that change rows by themselves.
type Cascades string

const (
	// CascadesWarn names each with what to do.
	CascadesWarn Cascades = "warn"
	// CascadesFail fails the deployment too.
	CascadesFail Cascades = "fail"
)

// DottedColumns names what is done about columns with a dot in their names.
type DottedColumns string

const (
	// DottedColumnsFail fails the deployment, and names each with what to do.
	DottedColumnsFail DottedColumns = "fail"
	// DottedColumnsWarn names each, with what the history index makes of it.
	DottedColumnsWarn DottedColumns = "warn"
)

// Table is one table to follow, or all that a pattern matches.
type Table struct {
	// Database of the table; of PostgreSQL its schema. A % stands for any text; upper and lower case differ.
	Database string `json:"database" pulumi:"database"`
	// Table name. A % stands for any text; upper and lower case differ.
	Table string `json:"table" pulumi:"table"`
	// OmitColumns are left out of every record, before any sink. Not for columns of the primary key.
	OmitColumns []string `json:"omitColumns" pulumi:"omitColumns,optional"`
	// Filters choose rows of a table that is given by its name. Filters on one column are alternatives, those on different
	// columns must all hold. A filter is for columns that never change: DMS does not move a row in or out later.
	Filters []Filter `json:"filters" pulumi:"filters,optional"`
}

// String is database.table.
func (t Table) String() string { return t.Database + "." + t.Table }

// ExcludedTable is a table to leave out, or all that a pattern matches.
type ExcludedTable struct {
	// Database of the table; of PostgreSQL its schema. A % stands for any text.
	Database string `json:"database" pulumi:"database"`
	// Table name. A % stands for any text.
	Table string `json:"table" pulumi:"table"`
}

// Filter is a condition on one column, as DMS has them:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.Filters.html.
type Filter struct {
	// Column the condition is on; no LOB.
	Column string `json:"column" pulumi:"column"`
	// Operator of the condition; the negative ones (noteq, notbetween, notnull) must be alone on their column.
	Operator FilterOperator `json:"operator" pulumi:"operator"`
	// Value to compare with; the lower end for between and notbetween; none for null and notnull.
	// Dates are YYYY-MM-DD, times YYYY-MM-DD HH:MM:SS.
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

// Values is how many values the operator compares with: 0, 1 or 2.
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

// On reports whether the unnamed source is made; call it after WithDefaults of the whole configuration.
func (s Source) On() bool { return s.Enabled != nil && *s.Enabled }

// WithDefaults fills what is not set. With an existing database the cluster's own settings stay unset.
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

// rotationDays is the default: whoever made the replication user looks after their password.
func (s Source) rotationDays() int {
	if s.Bootstrap == BootstrapCheck {
		return 0
	}
	return 30
}

// Rotates says whether the replication user's password is rotated; call it after WithDefaults.
func (s Source) Rotates() bool { return *s.RotationDays > 0 }

// The table that the bootstrap can make by itself.
const retailDatabase, retailTable = "testdb", "retail_trans"
