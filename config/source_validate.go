package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Source) Validate() error { return s.validate("source") }

// validate reports problems with the user's keys, which begin with at.
func (s Source) validate(at string) error {
	var p problems
	if s.Existing != nil {
		s.validateExisting(&p, at)
	} else {
		s.validateCluster(&p, at)
	}
	s.validateEngine(&p, at)
	// Limits: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
	p.optionalBetween(at+".rotationDays", s.RotationDays, 0, 1000, "days (0 turns the rotation off)")
	s.validateBootstrap(&p, at)
	oneOf(&p, at+".dottedColumns", s.DottedColumns, DottedColumnsFail, DottedColumnsWarn)
	s.validateTables(&p, at)
	p.distinct(at+".schemaFiles", s.SchemaFiles)
	p = append(p, s.RowsSince.validate(at, s.Tables))
	return p.join()
}

var (
	clusterName   = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)
	auroraVersion = regexp.MustCompile(`^[0-9]\.[0-9]+\.mysql_aurora\.[0-9]+\.[0-9]+\.[0-9]+$`)
	dbClass       = regexp.MustCompile(`^db\.[a-z][a-z0-9]*\.[a-z0-9]+$`)
	// Aurora supports these classes:
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.SupportAurora.html
	dbClassRefused = regexp.MustCompile(`^db\.(m[0-9]|t2\.|t3\.(micro|small|xlarge|2xlarge)|t4g\.(micro|small|xlarge|2xlarge))`)
)

func (s Source) validateCluster(p *problems, at string) {
	key := at + ".clusterName"
	if p.matches(key, s.ClusterName, clusterName, "lower-case letters, digits and single hyphens, and must begin with a letter and not end with a hyphen") && len(s.ClusterName) > 60 {
		p.add(key, "is %d characters long: use at most 60, because RDS allows 63 and the instances append their number", len(s.ClusterName))
	}
	s.validateVersion(p, at+".engineVersion")
	switch {
	case s.InstanceClass == "db.serverless":
		p.add(at+".instanceClass", "db.serverless is not supported here: name a class with a size, such as db.t4g.medium")
	case !p.matches(at+".instanceClass", s.InstanceClass, dbClass, "a database instance class such as db.t4g.medium"):
	case dbClassRefused.MatchString(s.InstanceClass):
		p.add(at+".instanceClass", "%s cannot run %s: use db.t4g.medium, db.t4g.large or a memory-optimized class such as db.r7g.large", s.InstanceClass, s.aurora())
	}
	p.between(at+".instances", s.Instances, 1, 16, "instances: one writer and up to 15 readers")
	p.between(at+".port", s.Port, 1150, 65535, "(the ports that RDS allows)")
	if len(s.SchemaFiles) == 0 {
		for i, table := range s.Tables {
			if table.String() != retailDatabase+"."+retailTable && table.Database != "" && table.Table != "" {
				p.add(at+".schemaFiles[0]", "must name the SQL file that creates %s.tables[%d] (%s.%s): the bootstrap makes only testdb.retail_trans without a file", at, i, table.Database, table.Table)
				break
			}
		}
	}
}

// aurora returns the name of the cluster's engine for a message.
func (s Source) aurora() string {
	if s.PostgreSQL() {
		return "Aurora PostgreSQL"
	}
	return "Aurora MySQL version 3"
}

func (s Source) validateVersion(p *problems, key string) {
	if s.PostgreSQL() {
		s.validatePostgreSQLVersion(p, key)
		return
	}
	if p.matches(key, s.EngineVersion, auroraVersion, "a full Aurora MySQL version such as "+auroraMySQL) && auroraMajor(s.EngineVersion) < 3 {
		p.add(key, "%s is out of support: use Aurora MySQL version 3 or newer, such as %s", s.EngineVersion, auroraMySQL)
	}
}

// auroraMajor returns 3 for 8.0.mysql_aurora.3.10.4.
func auroraMajor(version string) int {
	_, aurora, _ := strings.Cut(version, "mysql_aurora.")
	var major int
	_, _ = fmt.Sscanf(aurora, "%d.", &major)
	return major
}

var (
	hostName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?$`)
	reader    = regexp.MustCompile(`\.cluster-(ro|custom)-`)
	secretArn = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$`)
)

func (s Source) validateExisting(p *problems, at string) {
	host := at + ".existing.host"
	switch db := s.Existing; {
	case db.Host == "":
		p.add(host, "is missing: give the host name of the writer")
	case reader.MatchString(db.Host):
		p.add(host, "%q may lead to a reader, but only the writer has a %s: use the cluster's writer endpoint", db.Host, s.log())
	default:
		p.matches(host, db.Host, hostName, "only a host name, without scheme, port or user (the port is "+at+".existing.port)")
	}
	p.between(at+".existing.port", s.Existing.Port, 1, 65535, "(a TCP port)")
	if s.Existing.SecretArn == "" {
		p.add(at+".existing.secretArn", "is missing: give the ARN of the Secrets Manager secret of a user who may create users")
	} else {
		p.matches(at+".existing.secretArn", s.Existing.SecretArn, secretArn, "the full ARN of a Secrets Manager secret, arn:aws:secretsmanager:<region>:<account>:secret:<name>")
	}
	if s.Existing.SecurityGroupID == "" {
		p.add(at+".existing.securityGroupId", "is missing: give the security group of the database, which must admit DMS and the bootstrap function")
	} else {
		p.matches(at+".existing.securityGroupId", s.Existing.SecurityGroupID, securityGroupID, "the ID of a security group: sg- and 8 or 17 hexadecimal digits")
	}
	const why = "it describes the Aurora cluster that the stack makes if there is no existing database; remove one of the two"
	apart(p, at+".clusterName", s.ClusterName, at+".existing", why)
	apart(p, at+".engineVersion", s.EngineVersion, at+".existing", why)
	apart(p, at+".instanceClass", s.InstanceClass, at+".existing", why)
	apart(p, at+".instances", s.Instances, at+".existing", why)
	apart(p, at+".port", s.Port, at+".existing", why+", or set "+at+".existing.port")
	apart(p, at+".deletionProtection", s.DeletionProtection, at+".existing", why)
	if s.PostgreSQL() {
		apart(p, at+".slotWalGb", s.SlotWalGb, at+".existing", why+", and set max_slot_wal_keep_size on your server yourself")
		apart(p, at+".alarmTopic", s.AlarmTopic, at+".existing", "its alarm watches the Aurora cluster that the stack makes if there is no existing database; remove one of the two, and watch the slots of your server yourself")
	}
}

// log names the log that only the writer has and that DMS reads.
func (s Source) log() string {
	if s.PostgreSQL() {
		return "slot"
	}
	return "binlog"
}

// validateBootstrap checks that the user names everything that a checking bootstrap cannot make itself.
func (s Source) validateBootstrap(p *problems, at string) {
	key := at + ".replicationSecretArn"
	oneOf(p, at+".bootstrap", s.Bootstrap, BootstrapApply, BootstrapCheck)
	if s.Bootstrap != BootstrapCheck {
		if s.ReplicationSecretArn != "" {
			p.add(key, "is for an existing replication user: set %s.bootstrap to check too, or remove this key to let the bootstrap make the user", at)
		}
		return
	}
	if s.ReplicationSecretArn == "" {
		p.add(key, "is missing: with %s.bootstrap check the stack makes no replication user; give the ARN of the secret of an existing one", at)
	} else {
		p.matches(key, s.ReplicationSecretArn, secretArn, "the full ARN of a Secrets Manager secret, arn:aws:secretsmanager:<region>:<account>:secret:<name>")
	}
	if s.Existing == nil {
		p.add(at+".bootstrap", "check is for an existing database: name the database in %s.existing, or use apply", at)
	}
	if s.RotationDays != nil && *s.RotationDays > 0 {
		p.add(at+".rotationDays", "cannot be set together with %s.bootstrap check: rotate the secret of your user yourself; DMS reads it again when it reconnects", at)
	}
	if len(s.SchemaFiles) > 0 {
		p.add(at+".schemaFiles", "do not run with %s.bootstrap check: remove them, or use apply", at)
	}
}
