package rules

import (
	"cdcpipeline/policy/view"
	"slices"
	"strings"
)

const (
	rolesMappingType       = "opensearch:index/rolesMapping:RolesMapping"
	openSearchProviderType = "pulumi:providers:opensearch"
	roleType               = "aws:iam/role:Role"
)

// RolesMapping maps backend roles (IAM roles) to a security role of a domain.
type RolesMapping struct {
	RoleName     view.Of[string] `prop:"roleName"`
	BackendRoles view.Strings    `prop:"backendRoles"`
}

// EventSourceMapping sends a stream's records to a function.
type EventSourceMapping struct {
	OnFailure struct {
		Destination struct {
			Arn view.Of[string] `prop:"destinationArn"`
		} `prop:"onFailure"`
	} `prop:"destinationConfig"`
}

// OpenSearchProvider has the settings with which Pulumi connects to a domain.
type OpenSearchProvider struct {
	URL      view.Of[string] `prop:"url"`
	Insecure view.Of[bool]   `prop:"insecure"`
}

// own returns the rules that only this pipeline has.
func own() []Rule {
	return []Rule{
		{
			Name: "delivery-is-granted", Title: "Each delivery into OpenSearch waits for its own role mapping, or data access policy", Severity: High,
			Types:  []string{firehoseType, rolesMappingType, collectionAccessType},
			Change: "Target.Grant.Admit for the delivery's role, and the delivery depends on what it returns",
			Unseen: "a mapping or policy that refers to the delivery's role admits it", Default: "search.Delivery makes its grant first",
			CheckStack: deliveriesGranted,
		},
		{
			Name: "binlog-is-whole", Title: "The source of a task writes whole rows to its binlog, or decodes its log", Severity: High,
			Types:   []string{taskType, clusterType, parameterGroupType},
			Change:  "the cluster parameters binlog_format: ROW and binlog_row_image: full, of PostgreSQL rds.logical_replication: 1",
			Unseen:  "counts as whole; the bootstrap checks a database of yours",
			Default: "ROW and full; decoded", CheckStack: wholeLog,
		},
		{
			Name: "changes-are-whole", Title: "Changes are written with everything that orders and identifies them", Severity: High, Types: []string{endpointType},
			Change: "kinesisSettings: messageFormat json-unformatted, and includeTransactionDetails, includePartitionValue, partitionIncludeSchemaTable, " +
				"includeControlDetails, includeTableAlterOperations true",
			Unseen: "counts as true", Default: "all of them", Check: each(endpointType, wholeChanges),
		},
		{
			Name: "failures-are-kept", Title: "Each consumer of the stream keeps what it cannot deliver", Severity: High, Types: []string{firehoseType, mappingType},
			Change: "a bucket and an error prefix for a delivery; destinationConfig.onFailure for an event source mapping", Unseen: "counts as kept",
			Default: "both deliveries write to the lake's error prefix", Check: failuresKept,
		},
		{
			Name: "failures-are-told", Title: "Somebody is told when a consumer of the stream has parked something", Severity: High,
			Types:  []string{firehoseType, mappingType, metricAlarmType},
			Change: "alarms.enabled: true, or an alarm on the consumer's own metric of its failure destination",
			Unseen: "an alarm with an unknown metric counts as one; an alarm that refers to the consumer counts as the consumer's",
			Default: "observability.Observability makes them: of a delivery into what is searched by DeliveryToS3.Success, into the lake by " +
				"PartitionCountExceeded, of an event source mapping by OnFailureDestinationDeliveredEventCount",
			CheckStack: failuresTold,
		},
		{
			Name: "jobs-are-encrypted", Title: "Everything that a Glue job writes is encrypted: objects, logs, bookmarks", Severity: High, Types: []string{glueJobType, glueSecurityType},
			Change: "a securityConfiguration for the job, in which no mode is DISABLED", Unseen: "counts as encrypted",
			Default: "the stack's key for all three, in prod; no job is made in dev", Check: encryptedJobs,
		},
		{
			Name: "tls-is-demanded", Title: "Clusters refuse connections without TLS", Severity: High, Types: []string{parameterGroupType},
			Change: "the cluster parameter require_secure_transport: ON, of PostgreSQL rds.force_ssl: 1", Unseen: "counts as demanded",
			Default: "demanded of everybody", Check: each(parameterGroupType, demandsTLS),
		},
		{
			Name: "tls-is-verified", Title: "The server's certificate is verified on every hop", Severity: High, Types: []string{endpointType, openSearchProviderType},
			Change:  "sslMode verify-ca or verify-full with a certificateArn for DMS; an https url, or one of this machine's gateway, and no insecure for the OpenSearch provider",
			Unseen:  "counts as verified",
			Default: "DMS verifies with RDS's authorities, the provider with the system's; OpenSearch's own policy is opensearch-8, the bucket's s3-5",
			Check:   verified,
		},
	}
}

func deliveriesGranted(s view.Stack) []Violation {
	var found []Violation
	for _, r := range s.OfType(firehoseType) {
		d := view.Decode[Delivery](r.Properties)
		if !d.OpenSearch.IndexName.Unset() || !d.OpenSearch.RoleArn.Unset() {
			found = append(found, at(r, granted(s, r, d))...)
		}
		if !d.Collection.IndexName.Unset() || !d.Collection.RoleArn.Unset() {
			found = append(found, at(r, admitted(s, r, d))...)
		}
	}
	return found
}

// granted looks for a mapping of the delivery's role to a role other than the administrators'. The delivery must
// depend on it. The delivery's configuration also names the role of its network interfaces, and the mapping of
// that role may belong to another delivery. So a dependency on one of the mappings is enough.
func granted(s view.Stack, r view.Resource, d Delivery) []Violation {
	found := broken(true, "no security role is mapped to its role")
	for _, mapping := range s.OfType(rolesMappingType) {
		m := view.Decode[RolesMapping](mapping.Properties)
		switch {
		case !mapsTo(s, mapping, m, r, d):
		case m.RoleName.Is("all_access"):
			return broken(true, "its role is mapped to all_access: everybody else's mapping is gone, and it may do everything")
		case s.WaitsFor(r, mapping):
			return nil
		default:
			found = broken(true, "it does not wait for the mapping %s, so its first documents are refused", mapping.Name)
		}
	}
	return found
}

// mapsTo reports whether a mapping contains a role of the delivery.
func mapsTo(s view.Stack, mapping view.Resource, m RolesMapping, r view.Resource, d Delivery) bool {
	role, known := d.OpenSearch.RoleArn.Get()
	return known && view.Has(m.BackendRoles, role) || slices.ContainsFunc(s.Referred(r, "opensearchConfiguration", roleType), func(role view.Resource) bool {
		return s.Refers(mapping, "backendRoles", role)
	})
}

func demandsTLS(g ParameterGroup) []Violation {
	family := get(g.Family)
	if strings.HasPrefix(family, "aurora-postgresql") {
		force := g.Value("rds.force_ssl")
		return broken(force.Isnt("1"), "rds.force_ssl is %s", force)
	}
	secure := g.Value("require_secure_transport")
	return broken(strings.HasPrefix(family, "aurora-mysql") && secure.Isnt("ON") && secure.Isnt("1"), "require_secure_transport is %s", secure)
}

func wholeLog(s view.Stack) []Violation {
	follows := false
	for _, task := range s.OfType(taskType) {
		follows = follows || !view.Decode[Task](task.Properties).MigrationType.Is("full-load")
	}
	if !follows {
		return nil
	}
	var found []Violation
	for _, cluster := range s.OfType(clusterType) {
		whole, turned := wholeBinlog, "its binlog on"
		if c := view.Decode[Cluster](cluster.Properties); c.PostgreSQL() {
			whole, turned = decodedLog, "decoding on"
		} else if !strings.HasPrefix(get(c.Engine), "aurora-mysql") {
			continue
		}
		groups := 0
		for _, r := range s.OfType(parameterGroupType) {
			if !s.Refers(cluster, "dbClusterParameterGroupName", r) {
				continue
			}
			groups++
			found = append(found, at(r, whole(view.Decode[ParameterGroup](r.Properties)))...)
		}
		found = append(found, at(cluster, broken(groups == 0, "it has no parameter group that turns %s", turned))...)
	}
	return found
}

func wholeBinlog(g ParameterGroup) []Violation {
	format, image := g.Value("binlog_format"), g.Value("binlog_row_image")
	// MySQL writes full rows by default, so only another value loses columns.
	other := image.Isnt("full") && image.Isnt("FULL") && !image.Unset()
	return append(broken(format.Isnt("ROW"), "binlog_format is %s", format), broken(other, "binlog_row_image is %s", image)...)
}

func decodedLog(g ParameterGroup) []Violation {
	decoded := g.Value("rds.logical_replication")
	return broken(decoded.Isnt("1"), "rds.logical_replication is %s", decoded)
}

func wholeChanges(e Endpoint) []Violation {
	if !e.EngineName.Is("kinesis") {
		return nil
	}
	k := e.Kinesis
	found := broken(k.MessageFormat.Isnt("json-unformatted"), "messageFormat is %s", k.MessageFormat)
	for _, setting := range []struct {
		name string
		on   view.Of[bool]
	}{
		{"includeTransactionDetails", k.IncludeTransactionDetails},
		{"includePartitionValue", k.IncludePartitionValue},
		{"partitionIncludeSchemaTable", k.PartitionIncludeSchemaTable},
		{"includeControlDetails", k.IncludeControlDetails},
		{"includeTableAlterOperations", k.IncludeTableAlterOperations},
	} {
		found = append(found, broken(setting.on.Isnt(true), "%s is %s", setting.name, setting.on)...)
	}
	return found
}

func failuresKept(r view.Resource) []Violation {
	switch r.Type {
	case mappingType:
		return broken(view.Decode[EventSourceMapping](r.Properties).OnFailure.Destination.Arn.Unset(), "it has no on-failure destination")
	case firehoseType:
		d := view.Decode[Delivery](r.Properties)
		search := !d.OpenSearch.IndexName.Unset() && d.OpenSearch.Backup.BucketArn.Unset() ||
			!d.Collection.IndexName.Unset() && d.Collection.Backup.BucketArn.Unset()
		lake := !d.S3.BucketArn.Unset() && d.S3.ErrorOutputPrefix.Unset()
		return append(broken(search, "documents that OpenSearch refuses go nowhere"), broken(lake, "records that cannot be partitioned lie among the others: it has no errorOutputPrefix")...)
	}
	return nil
}

// failuresTold checks that each consumer has an alarm. Without an alarm, nobody notices records in the failure
// bucket.
func failuresTold(s view.Stack) []Violation {
	var found []Violation
	for _, r := range s.OfType(firehoseType, mappingType) {
		if r.Type == firehoseType && view.Decode[Delivery](r.Properties).Source.StreamArn.Unset() {
			continue // this function reads no stream
		}
		metric := failureMetric(r)
		told := slices.ContainsFunc(s.Pointing(metricAlarmType, "dimensions", r), func(alarm view.Resource) bool {
			name := view.Decode[MetricAlarm](alarm.Properties).MetricName
			return name.Is(metric) || name.Unknown()
		})
		found = append(found, at(r, broken(!told, "no alarm looks at its %s", metric))...)
	}
	return found
}

// failureMetric returns the AWS metric of a consumer's failure destination.
func failureMetric(r view.Resource) string {
	if r.Type == mappingType {
		return "OnFailureDestinationDeliveredEventCount"
	}
	if d := view.Decode[Delivery](r.Properties); !d.OpenSearch.IndexName.Unset() || !d.Collection.IndexName.Unset() {
		return "DeliveryToS3.Success"
	}
	return "PartitionCountExceeded"
}

func verified(r view.Resource) []Violation {
	switch r.Type {
	case endpointType:
		e := view.Decode[Endpoint](r.Properties)
		mode := e.SslMode
		// dms-9 reports connections without TLS.
		unverified := mode.Is("require")
		blind := (mode.Is("verify-ca") || mode.Is("verify-full")) && e.CertificateArn.Unset()
		return append(broken(unverified, "sslMode is require, which verifies nothing"), broken(blind, "there is no certificateArn to verify with")...)
	case openSearchProviderType:
		p := view.Decode[OpenSearchProvider](r.Properties)
		url, known := p.URL.Get()
		return append(broken(p.Insecure.Is(true), "the provider is insecure"),
			broken(known && !strings.HasPrefix(url, "https://") && !loopback.MatchString(url), "the provider's url is not https")...)
	}
	return nil
}
