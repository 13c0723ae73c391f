package config

import "cmp"

// Source is the MySQL-compatible database whose committed rows are followed.
type Source struct {
	// Existing names a database of yours; without it an Aurora MySQL cluster is made.
	Existing *ExistingDatabase `json:"existing"`
	// ClusterName of the Aurora cluster. Default dms-src.
	ClusterName string `json:"clusterName"`
	// EngineVersion of Aurora MySQL, e.g. 8.0.mysql_aurora.3.10.4.
	EngineVersion string `json:"engineVersion"`
	// InstanceClass of each Aurora instance. Default db.t4g.medium in dev, db.r7g.large in prod.
	InstanceClass string `json:"instanceClass"`
	// Instances in the cluster, writer included, 1 to 16. Default 1 in dev, 2 in prod.
	Instances int `json:"instances"`
	// Port of the cluster. Default 3306.
	Port int `json:"port"`
	// DeletionProtection of the cluster. Default false in dev, true in prod.
	DeletionProtection *bool `json:"deletionProtection"`
	// BinlogRetentionHours, 24 to 2160. Default 24 in dev, 168 in prod.
	BinlogRetentionHours int `json:"binlogRetentionHours"`
	// Tables to follow. Default testdb.retail_trans.
	Tables []Table `json:"tables"`
	// SchemaFiles hold the SQL that creates the tables, run in order by the bootstrap; each must be idempotent.
	// Default: the statement for testdb.retail_trans, when that table is followed.
	SchemaFiles []string `json:"schemaFiles"`
	// CaFile is a PEM bundle that signs the database's certificate. Default: the bundle of RDS.
	CaFile string `json:"caFile"`
}

// ExistingDatabase is a MySQL-compatible database that this stack does not own.
type ExistingDatabase struct {
	// Host of the writer.
	Host string `json:"host"`
	// Port, default 3306.
	Port int `json:"port"`
	// SecretArn names the Secrets Manager secret {"username","password"} of a user who may create users and read variables.
	SecretArn string `json:"secretArn"`
	// SecurityGroupID of the database; rules that admit DMS and the bootstrap function are added to it.
	SecurityGroupID string `json:"securityGroupId"`
}

// Table is one table to follow.
type Table struct {
	// Database (schema) of the table.
	Database string `json:"database"`
	// Table name.
	Table string `json:"table"`
}

// WithDefaults fills what is not set. With an existing database the cluster's own settings stay unset.
func (s Source) WithDefaults(env Environment) Source {
	s.BinlogRetentionHours = cmp.Or(s.BinlogRetentionHours, choose(env, 24, 168))
	if len(s.Tables) == 0 {
		s.Tables = []Table{retailTrans}
	}
	if s.Existing != nil {
		existing := *s.Existing
		existing.Port = cmp.Or(existing.Port, 3306)
		s.Existing = &existing
		return s
	}
	s.ClusterName = cmp.Or(s.ClusterName, "dms-src")
	s.EngineVersion = cmp.Or(s.EngineVersion, "8.0.mysql_aurora.3.10.4")
	s.InstanceClass = cmp.Or(s.InstanceClass, choose(env, "db.t4g.medium", "db.r7g.large"))
	s.Instances = cmp.Or(s.Instances, choose(env, 1, 2))
	s.Port = cmp.Or(s.Port, 3306)
	s.DeletionProtection = cmp.Or(s.DeletionProtection, new(env == Prod))
	return s
}

// retailTrans is the table that the bootstrap can make by itself.
var retailTrans = Table{Database: "testdb", Table: "retail_trans"}
