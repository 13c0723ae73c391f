package mutation

import (
	"cdcpipeline/policy/capture"
	"encoding/json"
	"slices"
)

const (
	bucket          = "aws:s3/bucketV2:BucketV2"
	bucketPolicy    = "aws:s3/bucketPolicy:BucketPolicy"
	cluster         = "aws:rds/cluster:Cluster"
	clusterInstance = "aws:rds/clusterInstance:ClusterInstance"
	domain          = "aws:opensearch/domain:Domain"
	endpoint        = "aws:dms/endpoint:Endpoint"
	replication     = "aws:dms/replicationInstance:ReplicationInstance"
	task            = "aws:dms/replicationTask:ReplicationTask"
	parameters      = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
	stream          = "aws:kinesis/stream:Stream"
	delivery        = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
	function        = "aws:lambda/function:Function"
	instance        = "aws:ec2/instance:Instance"
	key             = "aws:kms/key:Key"
	rolePolicy      = "aws:iam/rolePolicy:RolePolicy"
	mapping         = "opensearch:index/rolesMapping:RolesMapping"
	ingress         = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	template        = "aws:ec2/launchTemplate:LaunchTemplate"
	rotation        = "aws:secretsmanager/secretRotation:SecretRotation"
	job             = "aws:glue/job:Job"
)

type object = map[string]any

// document returns a policy document with one Allow statement.
func document(principal any, resource string, actions ...string) string {
	statement := object{"Effect": "Allow", "Action": actions, "Resource": resource}
	if principal != nil {
		statement["Principal"] = principal
	}
	text, _ := json.Marshal(object{"Version": "2012-10-17", "Statement": []any{statement}})
	return string(text)
}

// set returns a mutation that changes a value in the first resource of a type.
func set(rule, typ, path string, value any) Mutation {
	return Mutation{rule, func(e *Editor) { e.Set(typ, path, value) }}
}

// drop returns a mutation that removes every resource of a type.
func drop(rule, typ string) Mutation {
	return Mutation{rule, func(e *Editor) { e.Drop(typ) }}
}

// add returns a mutation that adds a resource which breaks the rule.
func add(rule, typ string, inputs object) Mutation {
	return Mutation{rule, func(e *Editor) { e.Add(typ, "mutant", inputs) }}
}

// tagged adds a tag to the inputs of a resource.
func tagged(inputs object) object {
	inputs["tags"] = object{"Name": "mutant"}
	return inputs
}

// All returns one mutation for every rule. Each changes a deployed prod stack in one respect.
func All() []Mutation {
	return slices.Concat(storage(), databases(), search(), collections(), network(), compute(), identity(), messages(), own())
}

func storage() []Mutation {
	const everyone = "*"
	// It adds a statement and keeps the one that requires TLS.
	open := func(action string) func(e *Editor) {
		return func(e *Editor) {
			principal := any(everyone)
			if action == "s3:PutBucketPolicy" {
				principal = object{"AWS": "arn:aws:iam::999999999999:root"}
			}
			text, _ := json.Marshal(object{"Version": "2012-10-17", "Statement": []any{
				object{
					"Effect": "Deny", "Principal": everyone, "Action": "s3:*", "Resource": "*",
					"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
				},
				object{"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"},
			}})
			e.Set(bucketPolicy, "policy", string(text))
		}
	}
	return []Mutation{
		{"s3-2", open("s3:GetObject")},
		{"s3-3", open("s3:PutObject")},
		{"s3-6", open("s3:PutBucketPolicy")},
		set("s3-5", bucketPolicy, "policy", `{"Version": "2012-10-17", "Statement": []}`),
		set("s3-8", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicPolicy", false),
		{"s3-9", func(e *Editor) {
			// The bucket of logs gets the access logging instead of the lake. It stays a target, so it still needs
			// no KMS key.
			logging := e.First("aws:s3/bucketLoggingV2:BucketLoggingV2", "", nil)
			logging.PropertyDependencies["bucket"] = logging.PropertyDependencies["targetBucket"]
			Put(logging, "bucket", at(logging.Outputs, "targetBucket"))
		}},
		set("s3-12", "aws:s3/bucketOwnershipControls:BucketOwnershipControls", "rule.objectOwnership", "ObjectWriter"),
		drop("s3-13", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"),
		set("s3-14", "aws:s3/bucketVersioningV2:BucketVersioningV2", "versioningConfiguration.status", "Suspended"),
		{"s3-17", func(e *Editor) {
			e.Each("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
				"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256")
		}},
		{"kinesis-1", func(e *Editor) {
			// Nobody reads this stream; otherwise the deliveries would be unencrypted too.
			e.Add(stream, "mutant", tagged(object{"encryptionType": "NONE", "retentionPeriod": float64(168)}))
		}},
		set("kinesis-3", stream, "retentionPeriod", float64(24)),
		add("datafirehose-1", delivery, tagged(object{
			"destination":             "extended_s3",
			"extendedS3Configuration": object{"bucketArn": "arn:aws:s3:::mutant", "errorOutputPrefix": "errors/"},
		})),
	}
}

func databases() []Mutation {
	sourceEndpoint := func(rule string, edits object) Mutation {
		return Mutation{rule, func(e *Editor) {
			r := e.First(endpoint, "endpointType", "source")
			for path, value := range edits {
				Put(r, path, value)
			}
		}}
	}
	return []Mutation{
		set("dms-1", replication, "publiclyAccessible", true),
		{"dms-6", func(e *Editor) {
			e.Set(replication, "engineVersion", nil)
			e.Set(replication, "autoMinorVersionUpgrade", false)
		}},
		set("dms-7", task, "replicationTaskSettings",
			`{"Logging": {"EnableLogging": true, "LogComponents": [{"Id": "TARGET_APPLY", "Severity": "LOGGER_SEVERITY_ERROR"}]}}`),
		set("dms-8", task, "replicationTaskSettings",
			`{"Logging": {"EnableLogging": true, "LogComponents": [{"Id": "SOURCE_CAPTURE", "Severity": "LOGGER_SEVERITY_ERROR"}]}}`),
		sourceEndpoint("dms-9", object{"sslMode": "none"}),
		set("dms-13", replication, "multiAz", false),
		set("rds-2", clusterInstance, "publiclyAccessible", true),
		set("rds-6", clusterInstance, "monitoringInterval", float64(0)),
		set("rds-7", cluster, "deletionProtection", false),
		set("rds-12", cluster, "iamDatabaseAuthenticationEnabled", nil),
		{"rds-13", func(e *Editor) {
			e.Set(cluster, "engineVersion", nil)
			e.Each(clusterInstance, "autoMinorVersionUpgrade", false)
		}},
		{"rds-15", func(e *Editor) {
			// It keeps the last instance.
			for first := e.First(clusterInstance, "", nil).URN; ; first = e.First(clusterInstance, "", nil).URN {
				e.Remove(first)
				if count(e.stack, clusterInstance) == 1 {
					return
				}
			}
		}},
		set("rds-16", cluster, "copyTagsToSnapshot", false),
		set("rds-17", clusterInstance, "copyTagsToSnapshot", nil),
		set("rds-23", cluster, "port", float64(3306)),
		set("rds-24", cluster, "masterUsername", "admin"),
		set("rds-27", cluster, "storageEncrypted", false),
		set("rds-34", cluster, "enabledCloudwatchLogsExports", []any{"error"}),
		{"rds-45", parameter("server_audit_logging", "0")},
		{"rds-46", publicSubnets},
		set("rds-50", cluster, "backupRetentionPeriod", float64(1)),
		{"tls-is-demanded", parameter("require_secure_transport", "OFF")},
		{"binlog-is-whole", parameter("binlog_row_image", "minimal")},
		{"changes-are-whole", func(e *Editor) {
			Put(e.First(endpoint, "engineName", "kinesis"), "kinesisSettings.includePartitionValue", false)
		}},
		sourceEndpoint("tls-is-verified", object{"sslMode": "require"}),
	}
}

func count(s capture.Stack, typ string) int {
	n := 0
	for _, r := range s {
		if r.Type == typ {
			n++
		}
	}
	return n
}

// parameter returns an edit that changes one parameter of the cluster's group.
func parameter(name, value string) func(*Editor) {
	return func(e *Editor) {
		r := e.First(parameters, "", nil)
		for _, properties := range []object{r.Inputs, r.Outputs} {
			list, _ := properties["parameters"].([]any)
			for _, item := range list {
				if p, ok := item.(object); ok && p["name"] == name {
					p["value"] = value
				}
			}
		}
	}
}

// publicSubnets adds a route to an internet gateway to the database's subnets.
func publicSubnets(e *Editor) {
	group := e.First("aws:rds/subnetGroup:SubnetGroup", "", nil)
	subnets := group.PropertyDependencies["subnetIds"]
	var table string
	for _, r := range e.stack {
		if r.Type == "aws:ec2/routeTableAssociation:RouteTableAssociation" && slices.Equal(r.PropertyDependencies["subnetId"], subnets[:1]) {
			table = r.PropertyDependencies["routeTableId"][0]
		}
	}
	gateway := *e.Add("aws:ec2/internetGateway:InternetGateway", "mutant-gateway", tagged(object{}))
	route := e.Add("aws:ec2/route:Route", "mutant-route", object{"destinationCidrBlock": "0.0.0.0/0"})
	Refer(route, "routeTableId", capture.Resource{URN: table})
	Refer(route, "gatewayId", gateway)
}

func search() []Mutation {
	// closed names a principal, so that the domain is not also open to everybody.
	closed := func(rule, path string, value any) Mutation {
		return Mutation{rule, func(e *Editor) {
			e.Set(domain, "accessPolicies", document(object{"AWS": "arn:aws:iam::123456789012:root"}, "*", "es:ESHttp*"))
			e.Set(domain, path, value)
		}}
	}
	unpublished := func(rule, kind string) Mutation {
		return Mutation{rule, func(e *Editor) {
			r := e.First(domain, "", nil)
			for _, properties := range []object{r.Inputs, r.Outputs} {
				list, _ := properties["logPublishingOptions"].([]any)
				properties["logPublishingOptions"] = slices.DeleteFunc(list, func(item any) bool {
					log, ok := item.(object)
					return ok && log["logType"] == kind
				})
			}
		}}
	}
	return []Mutation{
		set("opensearch-1", domain, "encryptAtRest.enabled", false),
		closed("opensearch-2", "vpcOptions", nil),
		set("opensearch-3", domain, "nodeToNodeEncryption.enabled", false),
		unpublished("opensearch-4", "ES_APPLICATION_LOGS"),
		unpublished("opensearch-5", "AUDIT_LOGS"),
		set("opensearch-6", domain, "clusterConfig.instanceCount", float64(2)),
		closed("opensearch-7", "advancedSecurityOptions.enabled", false),
		set("opensearch-8", domain, "domainEndpointOptions.tlsSecurityPolicy", "Policy-Min-TLS-1-0-2019-07"),
		set("opensearch-10", domain, "softwareUpdateOptions.autoSoftwareUpdateEnabled", false),
		set("opensearch-11", domain, "clusterConfig.dedicatedMasterEnabled", false),
		{"domain-is-closed", func(e *Editor) { e.Set(domain, "accessPolicies", "no policy at all") }},
		{"delivery-is-granted", func(e *Editor) {
			r := e.First(mapping, "description", "The IAM role of cdc-search-delivery")
			Put(r, "roleName", "all_access")
		}},
		{"failures-are-kept", func(e *Editor) {
			Put(e.First(delivery, "destination", "opensearch"), "opensearchConfiguration.s3Configuration.bucketArn", nil)
		}},
	}
}
