package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Validate returns every problem, joined; call it after WithDefaults.
func (s Source) Validate() error {
	var p problems
	if s.Existing != nil {
		s.validateExisting(&p)
	} else {
		s.validateCluster(&p)
	}
	p.between("source.binlogRetentionHours", s.BinlogRetentionHours, 24, 2160, "hours")
	s.validateTables(&p)
	p.distinct("source.schemaFiles", s.SchemaFiles)
	return p.join()
}

var (
	clusterName   = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)
	auroraVersion = regexp.MustCompile(`^[0-9]\.[0-9]+\.mysql_aurora\.[0-9]+\.[0-9]+\.[0-9]+$`)
	dbClass       = regexp.MustCompile(`^db\.[a-z][a-z0-9]*\.[a-z0-9]+$`)
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.SupportAurora.html
	dbClassRefused = regexp.MustCompile(`^db\.(m[0-9]|t2\.|t3\.(micro|small|xlarge|2xlarge)|t4g\.(micro|small|xlarge|2xlarge))`)
)

func (s Source) validateCluster(p *problems) {
	const key = "source.clusterName"
	if p.matches(key, s.ClusterName, clusterName, "lower-case letters, digits and single hyphens, beginning with a letter, not ending with a hyphen") && len(s.ClusterName) > 60 {
		p.add(key, "is %d characters long: RDS takes 63 and the instances append their number, use at most 60", len(s.ClusterName))
	}
	if p.matches("source.engineVersion", s.EngineVersion, auroraVersion, "a full Aurora MySQL version such as 8.0.mysql_aurora.3.10.4") && auroraMajor(s.EngineVersion) < 3 {
		p.add("source.engineVersion", "%s is out of support: use Aurora MySQL version 3 or newer, such as 8.0.mysql_aurora.3.10.4", s.EngineVersion)
	}
	switch {
	case s.InstanceClass == "db.serverless":
		p.add("source.instanceClass", "db.serverless is not offered here: name a class with a size, such as db.t4g.medium")
	case !p.matches("source.instanceClass", s.InstanceClass, dbClass, "a database instance class such as db.t4g.medium"):
	case dbClassRefused.MatchString(s.InstanceClass):
		p.add("source.instanceClass", "%s does not run Aurora MySQL version 3: use db.t4g.medium, db.t4g.large or a memory-optimized class such as db.r7g.large", s.InstanceClass)
	}
	p.between("source.instances", s.Instances, 1, 16, "instances: one writer and up to 15 readers")
	p.between("source.port", s.Port, 1150, 65535, "(what RDS takes)")
	if len(s.SchemaFiles) == 0 {
		for i, table := range s.Tables {
			if table != retailTrans && table.Database != "" && table.Table != "" {
				p.add("source.schemaFiles", "must name the SQL files that create source.tables[%d] (%s.%s): only testdb.retail_trans is made without one", i, table.Database, table.Table)
				break
			}
		}
	}
}

// auroraMajor is the 3 of 8.0.mysql_aurora.3.10.4.
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

func (s Source) validateExisting(p *problems) {
	const host = "source.existing.host"
	switch db := s.Existing; {
	case db.Host == "":
		p.add(host, "is missing: give the host name of the writer")
	case reader.MatchString(db.Host):
		p.add(host, "%q does not always lead to the writer, the only instance with a binlog: use the cluster's writer endpoint", db.Host)
	default:
		p.matches(host, db.Host, hostName, "a host name alone, without scheme, port or user (the port is source.existing.port)")
	}
	p.between("source.existing.port", s.Existing.Port, 1, 65535, "(a TCP port)")
	if s.Existing.SecretArn == "" {
		p.add("source.existing.secretArn", "is missing: give the ARN of the Secrets Manager secret of a user who may create users")
	} else {
		p.matches("source.existing.secretArn", s.Existing.SecretArn, secretArn, "the whole ARN of a Secrets Manager secret, arn:aws:secretsmanager:<region>:<account>:secret:<name>")
	}
	if s.Existing.SecurityGroupID == "" {
		p.add("source.existing.securityGroupId", "is missing: give the security group of the database, which must admit DMS and the bootstrap function")
	} else {
		p.matches("source.existing.securityGroupId", s.Existing.SecurityGroupID, securityGroupID, "the id of a security group, sg- and 8 or 17 hexadecimal digits")
	}
	const why = "it describes the Aurora cluster that is made without it; remove one of the two"
	apart(p, "source.clusterName", s.ClusterName, "source.existing", why)
	apart(p, "source.engineVersion", s.EngineVersion, "source.existing", why)
	apart(p, "source.instanceClass", s.InstanceClass, "source.existing", why)
	apart(p, "source.instances", s.Instances, "source.existing", why)
	apart(p, "source.port", s.Port, "source.existing", why+", or set source.existing.port")
	apart(p, "source.deletionProtection", s.DeletionProtection, "source.existing", why)
}

// identifier leaves out what DMS reads as a wildcard and what an index name or an object key cannot hold:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html
var identifier = regexp.MustCompile(`^[\p{L}\p{N}_$-]+$`)

// systemSchemas are MySQL's own.
var systemSchemas = []string{"information_schema", "mysql", "performance_schema", "sys"}

func (s Source) validateTables(p *problems) {
	if len(s.Tables) == 0 {
		p.add("source.tables", "is empty: name at least one table to follow")
	}
	seen := map[string]int{}
	for i, table := range s.Tables {
		key := fmt.Sprintf("source.tables[%d]", i)
		validateIdentifier(p, key+".database", table.Database)
		validateIdentifier(p, key+".table", table.Table)
		if slices.Contains(systemSchemas, strings.ToLower(table.Database)) {
			p.add(key+".database", "%q is MySQL's own: follow tables of your own databases", table.Database)
		}
		name := strings.ToLower(table.Database + "." + table.Table)
		if first, ok := seen[name]; ok {
			p.add(key, "%s.%s is already source.tables[%d] (upper and lower case are one name): remove one of them", table.Database, table.Table, first)
		} else {
			seen[name] = i
		}
	}
}

func validateIdentifier(p *problems, key, name string) {
	switch {
	case name == "":
		p.add(key, "is missing: each table needs a database and a table")
	case utf8.RuneCountInString(name) > 64:
		p.add(key, "is %d characters long: MySQL takes 64", utf8.RuneCountInString(name))
	default:
		p.matches(key, name, identifier, "letters, digits, _, $ and - only (each table by its own name, without wildcards)")
	}
}
