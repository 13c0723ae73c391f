package rules

import (
	"cdcpipeline/policy/view"
	"slices"
	"strings"
)

const (
	clusterType         = "aws:rds/cluster:Cluster"
	clusterInstanceType = "aws:rds/clusterInstance:ClusterInstance"
	parameterGroupType  = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
	dbSubnetGroupType   = "aws:rds/subnetGroup:SubnetGroup"
)

// Cluster is an Aurora cluster.
type Cluster struct {
	Engine                view.Of[string]  `prop:"engine"`
	EngineVersion         view.Of[string]  `prop:"engineVersion"`
	DeletionProtection    view.Of[bool]    `prop:"deletionProtection"`
	IAMAuthentication     view.Of[bool]    `prop:"iamDatabaseAuthenticationEnabled"`
	CopyTagsToSnapshot    view.Of[bool]    `prop:"copyTagsToSnapshot"`
	Port                  view.Of[float64] `prop:"port"`
	MasterUsername        view.Of[string]  `prop:"masterUsername"`
	StorageEncrypted      view.Of[bool]    `prop:"storageEncrypted"`
	LogExports            view.Strings     `prop:"enabledCloudwatchLogsExports"`
	BackupRetentionPeriod view.Of[float64] `prop:"backupRetentionPeriod"` // days; RDS's default is 1
}

// PostgreSQL reports whether the cluster is certainly Aurora PostgreSQL.
func (c Cluster) PostgreSQL() bool { return c.Engine.Is("aurora-postgresql") }

// usualPort returns the engine's default port.
func (c Cluster) usualPort() float64 {
	if c.PostgreSQL() {
		return 5432
	}
	return 3306
}

// log returns the name of the log that records connections.
func (c Cluster) log() string {
	if c.PostgreSQL() {
		return "postgresql"
	}
	return "audit"
}

// ClusterInstance is one instance of a cluster.
type ClusterInstance struct {
	PubliclyAccessible      view.Of[bool]    `prop:"publiclyAccessible"`
	MonitoringInterval      view.Of[float64] `prop:"monitoringInterval"` // seconds
	AutoMinorVersionUpgrade view.Of[bool]    `prop:"autoMinorVersionUpgrade"`
	CopyTagsToSnapshot      view.Of[bool]    `prop:"copyTagsToSnapshot"`
}

// ParameterGroup has a cluster's parameters.
type ParameterGroup struct {
	Family     view.Of[string]      `prop:"family"`
	Parameters view.Of[[]Parameter] `prop:"parameters"`
}

// Parameter is a parameter of a group.
type Parameter struct {
	Name  view.Of[string] `prop:"name"`
	Value view.Of[string] `prop:"value"`
}

// Value returns a parameter's value. The value is unknown if the group's parameters, or one of their names, are
// unknown.
func (g ParameterGroup) Value(name string) view.Of[string] {
	if g.Parameters.Unknown() {
		return view.Unknown[string]()
	}
	parameters, _ := g.Parameters.Get()
	found := view.Of[string]{}
	for _, p := range parameters {
		switch {
		case p.Name.Is(name):
			return p.Value
		case p.Name.Unknown():
			found = view.Unknown[string]()
		}
	}
	return found
}

// defaultNames lists the administrator names that RDS.24 refuses.
var defaultNames = []string{"admin", "postgres"}

func rds() []Rule {
	return slices.Concat(clusterRules(), instanceRules())
}

func clusterRules() []Rule {
	of := func(controls []string, title string, severity Severity, change, answer string, check func(Cluster) []Violation) Rule {
		return Rule{
			Name: ruleName(controls[0]), Title: title, Severity: severity, Controls: controls, Types: []string{clusterType},
			Change: change, Unseen: "counts as kept", Default: answer, Check: each(clusterType, check),
		}
	}
	return []Rule{
		of([]string{"RDS.7"}, "Clusters are protected from deletion", Medium, "deletionProtection: true (source.deletionProtection)",
			"prod: on; dev: off, an exception", func(c Cluster) []Violation {
				return broken(c.DeletionProtection.Isnt(true), "deletionProtection is %s", c.DeletionProtection)
			}),
		of([]string{"RDS.12", "RDS.10"}, "Clusters take IAM authentication", Medium, "iamDatabaseAuthenticationEnabled: true", "on",
			func(c Cluster) []Violation {
				return broken(c.IAMAuthentication.Isnt(true), "iamDatabaseAuthenticationEnabled is %s", c.IAMAuthentication)
			}),
		of([]string{"RDS.16", "RDS.48"}, "Clusters copy their tags to snapshots", Low, "copyTagsToSnapshot: true", "on", func(c Cluster) []Violation {
			return broken(c.CopyTagsToSnapshot.Isnt(true), "copyTagsToSnapshot is %s", c.CopyTagsToSnapshot)
		}),
		of([]string{"RDS.23"}, "Clusters do not listen on the engine's default port", Low, "port: another than 3306, of PostgreSQL 5432 (source.port)",
			"another port", func(c Cluster) []Violation {
				return broken(c.Port.Unset() || c.Port.Is(c.usualPort()), "port is %s", c.Port)
			}),
		of([]string{"RDS.24"}, "Clusters have an administrator's name of their own", Medium, "masterUsername: anything but admin; it replaces the cluster",
			"a name of its own", func(c Cluster) []Violation {
				name, known := c.MasterUsername.Get()
				return broken(known && slices.Contains(defaultNames, name), "masterUsername is %s", name)
			}),
		of([]string{"RDS.27", "RDS.3"}, "Clusters, and so their instances, are encrypted at rest", Medium, "storageEncrypted: true", "on, with the stack's key",
			func(c Cluster) []Violation {
				return broken(c.StorageEncrypted.Isnt(true), "storageEncrypted is %s", c.StorageEncrypted)
			}),
		of([]string{"RDS.34", "RDS.9", "RDS.37"}, "Clusters publish an audit log; PostgreSQL's clusters publish the server's log", Medium,
			"enabledCloudwatchLogsExports with audit, of PostgreSQL postgresql", "audit, error and slow query; postgresql", func(c Cluster) []Violation {
				return broken(view.Lacks(c.LogExports, c.log()), "%s is not published", c.log())
			}),
		of([]string{"RDS.50", "RDS.11"}, "Clusters keep a week of backups", Medium, "backupRetentionPeriod: 7 or more", "prod: 14 days; dev: one day, an exception",
			func(c Cluster) []Violation {
				days, known := c.BackupRetentionPeriod.Get()
				return broken((known || c.BackupRetentionPeriod.Unset()) && days < 7, "backups are kept for %v days", max(days, 1))
			}),
		{
			Name: "rds-45", Title: "Aurora MySQL clusters write an audit log", Severity: Medium, Controls: []string{"RDS.45"}, Types: []string{parameterGroupType},
			Change: "the cluster parameter server_audit_logging: 1 with server_audit_events: CONNECT (queries may carry passwords)", Unseen: "counts as on",
			Default: "on: connections and changes of structure and rights",
			Check: each(parameterGroupType, func(g ParameterGroup) []Violation {
				family, _ := g.Family.Get()
				logging := g.Value("server_audit_logging")
				return broken(strings.HasPrefix(family, "aurora-mysql") && logging.Isnt("1") && logging.Isnt("ON"), "server_audit_logging is %s", logging)
			}),
		},
		{
			Name: "rds-15", Title: "Clusters have an instance in a second zone", Severity: Medium, Controls: []string{"RDS.15", "RDS.5"},
			Types:  []string{clusterType, clusterInstanceType},
			Change: "a second instance (source.instances: 2)", Unseen: "instances are counted, whatever their values",
			Default: "prod: two instances; dev: one, an exception", CheckStack: twoInstances,
		},
		{
			Name: "rds-46", Title: "Databases are not in public subnets", Severity: High, Controls: []string{"RDS.46"}, Types: []string{dbSubnetGroupType},
			Change: "subnets whose route table has no internet gateway", Unseen: "subnets outside this stack count as private",
			Default: "private subnets", CheckStack: privateDatabases,
		},
	}
}

func instanceRules() []Rule {
	of := func(control, title string, severity Severity, change, answer string, check func(ClusterInstance) []Violation) Rule {
		return Rule{
			Name: ruleName(control), Title: title, Severity: severity, Controls: []string{control}, Types: []string{clusterInstanceType},
			Change: change, Unseen: "counts as kept", Default: answer, Check: each(clusterInstanceType, check),
		}
	}
	return []Rule{
		of("RDS.2", "Database instances are not public", Critical, "publiclyAccessible: false", "private", func(i ClusterInstance) []Violation {
			return broken(i.PubliclyAccessible.Isnt(false), "publiclyAccessible is %s", i.PubliclyAccessible)
		}),
		of("RDS.6", "Database instances have enhanced monitoring", Low, "monitoringInterval: 60 with a monitoringRoleArn",
			"prod: every 60 seconds; dev: off, an exception", func(i ClusterInstance) []Violation {
				return broken(i.MonitoringInterval.Unset() || i.MonitoringInterval.Is(0), "monitoringInterval is %s", i.MonitoringInterval)
			}),
		of("RDS.17", "Database instances copy their tags to snapshots", Low, "copyTagsToSnapshot: true", "on", func(i ClusterInstance) []Violation {
			return broken(i.CopyTagsToSnapshot.Isnt(true), "copyTagsToSnapshot is %s", i.CopyTagsToSnapshot)
		}),
		{
			Name: "rds-13", Title: "Databases get minor versions: by themselves, or by a version that the program names", Severity: High,
			Controls: []string{"RDS.13", "RDS.35"}, Types: []string{clusterType, clusterInstanceType},
			Change: "autoMinorVersionUpgrade: true, or name the cluster's engineVersion and raise it in a deployment", Unseen: "counts as named",
			Default: "the program names the version: an automatic upgrade would restart the source under a running task. Security Hub's own check " +
				"knows only the flag: suppress RDS.13 there with that reason",
			CheckStack: minorVersions,
		},
	}
}

// ruleName returns the name of the rule for a control.
func ruleName(control string) string { return strings.ReplaceAll(strings.ToLower(control), ".", "-") }

func twoInstances(s view.Stack) []Violation {
	var found []Violation
	for _, cluster := range s.OfType(clusterType) {
		instances := len(s.Pointing(clusterInstanceType, "clusterIdentifier", cluster))
		found = append(found, at(cluster, broken(instances < 2, "it has %d instances", instances))...)
	}
	return found
}

func minorVersions(s view.Stack) []Violation {
	var found []Violation
	for _, cluster := range s.OfType(clusterType) {
		if !view.Decode[Cluster](cluster.Properties).EngineVersion.Unset() {
			continue
		}
		for _, r := range s.Pointing(clusterInstanceType, "clusterIdentifier", cluster) {
			upgrades := view.Decode[ClusterInstance](r.Properties).AutoMinorVersionUpgrade
			found = append(found, at(r, broken(upgrades.Isnt(true), "its cluster names no version, and upgrades are off"))...)
		}
	}
	return found
}

// privateDatabases follows references from a subnet group to its subnets, their route tables and the routes.
func privateDatabases(s view.Stack) []Violation {
	var found []Violation
	for _, group := range s.OfType(dbSubnetGroupType) {
		for _, subnet := range s.Referred(group, "subnetIds", subnetType) {
			if gateway, public := internetGateway(s, subnet); public {
				found = append(found, at(group, broken(true, "the subnet %s is routed to the internet gateway %s", subnet.Name, gateway.Name))...)
			}
		}
	}
	return found
}

func internetGateway(s view.Stack, subnet view.Resource) (view.Resource, bool) {
	for _, association := range s.Pointing(routeTableAssociationType, "subnetId", subnet) {
		for _, table := range s.Referred(association, "routeTableId", routeTableType) {
			for _, route := range s.Pointing(routeType, "routeTableId", table) {
				for _, gateway := range s.OfType(internetGatewayType) {
					if s.Refers(route, "gatewayId", gateway) {
						return gateway, true
					}
				}
			}
		}
	}
	return view.Resource{}, false
}
