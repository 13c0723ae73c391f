package rules_test

const (
	bucketT   = `"t":"aws:s3/bucketV2:BucketV2"`
	clusterT  = `"t":"aws:rds/cluster:Cluster"`
	instanceT = `"t":"aws:rds/clusterInstance:ClusterInstance"`
	groupT    = `"t":"aws:rds/clusterParameterGroup:ClusterParameterGroup"`
	vpcT      = `"t":"aws:ec2/vpc:Vpc"`
	streamT   = `"t":"aws:kinesis/stream:Stream"`
	firehoseT = `"t":"aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"`
	secretT   = `"t":"aws:secretsmanager/secret:Secret"`

	domainType         = "aws:opensearch/domain:Domain"
	clusterType        = "aws:rds/cluster:Cluster"
	clusterInstance    = "aws:rds/clusterInstance:ClusterInstance"
	bucketPolicy       = "aws:s3/bucketPolicy:BucketPolicy"
	instanceType       = "aws:ec2/instance:Instance"
	templateType       = "aws:ec2/launchTemplate:LaunchTemplate"
	replicationType    = "aws:dms/replicationInstance:ReplicationInstance"
	endpointType       = "aws:dms/endpoint:Endpoint"
	taskType           = "aws:dms/replicationTask:ReplicationTask"
	functionType       = "aws:lambda/function:Function"
	glueJob            = "aws:glue/job:Job"
	glueSecurity       = "aws:glue/securityConfiguration:SecurityConfiguration"
	rolePolicy         = "aws:iam/rolePolicy:RolePolicy"
	keyType            = "aws:kms/key:Key"
	ingressRule        = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	groupRule          = "aws:ec2/securityGroupRule:SecurityGroupRule"
	alarmType          = "aws:cloudwatch/metricAlarm:MetricAlarm"
	streamType         = "aws:kinesis/stream:Stream"
	firehoseType       = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
	topicPolicy        = "aws:sns/topicPolicy:TopicPolicy"
	queuePolicy        = "aws:sqs/queuePolicy:QueuePolicy"
	allowsEverybody    = `{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}`
	deniesEverybody    = `{"policy":"{\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}`
	allowsWithinSource = `{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"1\"}}}]}"}`
	unknownPolicy      = `{"policy":"?"}`
)

// part returns a sample with a bucket and one resource that refers to it.
func part(typ, inputs string) string {
	return `{"b":{` + bucketT + `,"p":{"bucket":"?"}},"x":{"t":"` + typ + `","p":` + inputs + `,"r":{"bucket":["b"]}}}`
}

const aloneBucket = `{"b":{` + bucketT + `,"p":{"bucket":"lake"}}}`

// policyOf returns a policy document with one statement, as an input.
func policyOf(statement string) string {
	out := `{"policy":"{\"Statement\":[`
	for _, r := range statement {
		if r == '"' {
			out += `\`
		}
		out += string(r)
	}
	return out + `]}"}`
}

var examples = merge(
	storageExamples, databaseExamples, computeExamples, ownExamples, collectionExamples,
)

func merge(all ...map[string]example) map[string]example {
	merged := map[string]example{}
	for _, some := range all {
		for name, e := range some {
			merged[name] = e
		}
	}
	return merged
}

var storageExamples = map[string]example{
	"s3-2":  {bucketPolicy, deniesEverybody, allowsEverybody, unknownPolicy},
	"s3-3":  {bucketPolicy, allowsWithinSource, allowsEverybody, unknownPolicy},
	"s3-6":  {bucketPolicy, policyOf(`{"Effect":"Allow","Principal":{"AWS":"2"},"Action":"s3:GetObject"}`), policyOf(`{"Effect":"Allow","Principal":{"AWS":"2"},"Action":"s3:Put*"}`), unknownPolicy},
	"s3-5":  {"", part(bucketPolicy, policyOf(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`)), part(bucketPolicy, allowsEverybody), part(bucketPolicy, unknownPolicy)},
	"s3-8":  {"", part("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", `{"blockPublicAcls":true,"blockPublicPolicy":true,"ignorePublicAcls":true,"restrictPublicBuckets":true}`), aloneBucket, part("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", `{"blockPublicAcls":"?","blockPublicPolicy":"?","ignorePublicAcls":"?","restrictPublicBuckets":"?"}`)},
	"s3-9":  {"", part("aws:s3/bucketLoggingV2:BucketLoggingV2", `{"targetBucket":"logs"}`), aloneBucket, part("aws:s3/bucketLoggingV2:BucketLoggingV2", `{"targetBucket":"?"}`)},
	"s3-12": {"", part("aws:s3/bucketOwnershipControls:BucketOwnershipControls", `{"rule":{"objectOwnership":"BucketOwnerEnforced"}}`), part("aws:s3/bucketOwnershipControls:BucketOwnershipControls", `{"rule":{"objectOwnership":"ObjectWriter"}}`), part("aws:s3/bucketOwnershipControls:BucketOwnershipControls", `{"rule":"?"}`)},
	"s3-13": {"", part("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", `{}`), aloneBucket, part("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", `{"rules":"?"}`)},
	"s3-14": {"", part("aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":{"status":"Enabled"}}`), part("aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":{"status":"Suspended"}}`), part("aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":"?"}`)},
	"s3-17": {"", part("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms"}}]}`), part("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"AES256"}}]}`), part("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `{"rules":[{"applyServerSideEncryptionByDefault":"?"}]}`)},

	"kinesis-1": {streamType, `{"encryptionType":"KMS"}`, `{}`, `{"encryptionType":"?"}`},
	"kinesis-3": {streamType, `{"retentionPeriod":168}`, `{"retentionPeriod":167}`, `{"retentionPeriod":"?"}`},
	"datafirehose-1": {
		"",
		`{"s":{` + streamT + `,"p":{"encryptionType":"KMS"}},"d":{` + firehoseT + `,"p":{"kinesisSourceConfiguration":{"kinesisStreamArn":"?"}},"r":{"kinesisSourceConfiguration":["s"]}}}`,
		`{"s":{` + streamT + `,"p":{"encryptionType":"NONE"}},"d":{` + firehoseT + `,"p":{"kinesisSourceConfiguration":{"kinesisStreamArn":"?"}},"r":{"kinesisSourceConfiguration":["s"]}}}`,
		`{"d":{` + firehoseT + `,"p":{"kinesisSourceConfiguration":"?"}}}`,
	},
	"sns-1":            {"aws:sns/topic:Topic", `{"kmsMasterKeyId":"alias/k"}`, `{}`, `{"kmsMasterKeyId":"?"}`},
	"sns-4":            {topicPolicy, allowsWithinSource, allowsEverybody, unknownPolicy},
	"sqs-1":            {"aws:sqs/queue:Queue", `{"sqsManagedSseEnabled":true}`, `{"sqsManagedSseEnabled":false}`, `{"sqsManagedSseEnabled":"?"}`},
	"sqs-3":            {queuePolicy, allowsWithinSource, allowsEverybody, unknownPolicy},
	"cloudwatch-15":    {alarmType, `{"alarmActions":["?"]}`, `{"alarmActions":[]}`, `{"alarmActions":"?"}`},
	"cloudwatch-17":    {alarmType, `{}`, `{"actionsEnabled":false}`, `{"actionsEnabled":"?"}`},
	"athena-4":         {"aws:athena/workgroup:Workgroup", `{}`, `{"configuration":{"publishCloudwatchMetricsEnabled":false}}`, `{"configuration":"?"}`},
	"kms-4":            {keyType, `{"enableKeyRotation":true}`, `{}`, `{"enableKeyRotation":"?"}`},
	"kms-5":            {keyType, allowsWithinSource, allowsEverybody, unknownPolicy},
	"secretsmanager-4": {"aws:secretsmanager/secretRotation:SecretRotation", `{"rotationRules":{"automaticallyAfterDays":90}}`, `{"rotationRules":{"automaticallyAfterDays":91}}`, `{"rotationRules":"?"}`},
	"secretsmanager-1": {
		"",
		`{"p":{"t":"random:index/randomPassword:RandomPassword"},"s":{` + secretT + `},"v":{"t":"aws:secretsmanager/secretVersion:SecretVersion","p":{"secretId":"?"},"r":{"secretId":["s"],"secretString":["p"]}}}`,
		`{"p":{"t":"random:index/randomPassword:RandomPassword"},"s":{` + secretT + `},"v":{"t":"aws:secretsmanager/secretVersion:SecretVersion","p":{"secretId":"?"},"r":{"secretId":["s"],"secretString":["p"]},"i":["secretString"]}}`,
		`{"s":{` + secretT + `},"v":{"t":"aws:secretsmanager/secretVersion:SecretVersion","p":{"secretId":"?"},"r":{"secretId":["s"]}},"x":{"t":"aws:secretsmanager/secretRotation:SecretRotation","p":{"secretId":"?"},"r":{"secretId":["v"]}}}`,
	},
}

var databaseExamples = map[string]example{
	"dms-1":  {replicationType, `{"publiclyAccessible":false}`, `{}`, `{"publiclyAccessible":"?"}`},
	"dms-6":  {replicationType, `{"engineVersion":"3.6.1","autoMinorVersionUpgrade":false}`, `{"autoMinorVersionUpgrade":false}`, `{"engineVersion":"?"}`},
	"dms-7":  {taskType, `{"replicationTaskSettings":"{\"Logging\":{\"EnableLogging\":true}}"}`, `{"replicationTaskSettings":"{}"}`, `{"replicationTaskSettings":"?"}`},
	"dms-8":  {taskType, `{"replicationTaskSettings":"{\"Logging\":{\"EnableLogging\":true,\"LogComponents\":[{\"Id\":\"SOURCE_CAPTURE\",\"Severity\":\"LOGGER_SEVERITY_DEBUG\"}]}}"}`, `{"replicationTaskSettings":"{\"Logging\":{\"EnableLogging\":true,\"LogComponents\":[{\"Id\":\"SOURCE_UNLOAD\",\"Severity\":\"LOGGER_SEVERITY_INFO\"}]}}"}`, `{"replicationTaskSettings":"?"}`},
	"dms-9":  {endpointType, `{"engineName":"mysql","sslMode":"verify-ca"}`, `{"engineName":"mysql"}`, `{"engineName":"mysql","sslMode":"?"}`},
	"dms-13": {replicationType, `{"multiAz":true}`, `{}`, `{"multiAz":"?"}`},
	"rds-2":  {clusterInstance, `{"publiclyAccessible":false}`, `{"publiclyAccessible":true}`, `{"publiclyAccessible":"?"}`},
	"rds-6":  {clusterInstance, `{"monitoringInterval":60}`, `{}`, `{"monitoringInterval":"?"}`},
	"rds-7":  {clusterType, `{"deletionProtection":true}`, `{}`, `{"deletionProtection":"?"}`},
	"rds-12": {clusterType, `{"iamDatabaseAuthenticationEnabled":true}`, `{}`, `{"iamDatabaseAuthenticationEnabled":"?"}`},
	"rds-16": {clusterType, `{"copyTagsToSnapshot":true}`, `{}`, `{"copyTagsToSnapshot":"?"}`},
	"rds-17": {clusterInstance, `{"copyTagsToSnapshot":true}`, `{}`, `{"copyTagsToSnapshot":"?"}`},
	"rds-23": {clusterType, `{"port":3307}`, `{}`, `{"port":"?"}`},
	"rds-24": {clusterType, `{"masterUsername":"cdcadmin"}`, `{"masterUsername":"admin"}`, `{"masterUsername":"?"}`},
	"rds-27": {clusterType, `{"storageEncrypted":true}`, `{}`, `{"storageEncrypted":"?"}`},
	"rds-34": {clusterType, `{"enabledCloudwatchLogsExports":["error","audit"]}`, `{"enabledCloudwatchLogsExports":["error"]}`, `{"enabledCloudwatchLogsExports":["error","?"]}`},
	"rds-50": {clusterType, `{"backupRetentionPeriod":7}`, `{}`, `{"backupRetentionPeriod":"?"}`},
	"rds-45": {"aws:rds/clusterParameterGroup:ClusterParameterGroup", `{"family":"aurora-mysql8.0","parameters":[{"name":"server_audit_logging","value":"1"}]}`, `{"family":"aurora-mysql8.0"}`, `{"family":"aurora-mysql8.0","parameters":[{"name":"server_audit_logging","value":"?"}]}`},
	"rds-15": {"", `{"c":{` + clusterT + `},"a":{` + instanceT + `,"p":{"clusterIdentifier":"?"},"r":{"clusterIdentifier":["c"]}},"b":{` + instanceT + `,"p":{"clusterIdentifier":"?"},"r":{"clusterIdentifier":["c"]}}}`, `{"c":{` + clusterT + `},"a":{` + instanceT + `,"r":{"clusterIdentifier":["c"]}}}`, `{"a":{` + instanceT + `,"p":{"clusterIdentifier":"?"}}}`},
	"rds-13": {"", `{"c":{` + clusterT + `,"p":{"engineVersion":"8.0"}},"a":{` + instanceT + `,"r":{"clusterIdentifier":["c"]}}}`, `{"c":{` + clusterT + `},"a":{` + instanceT + `,"r":{"clusterIdentifier":["c"]}}}`, `{"c":{` + clusterT + `,"p":{"engineVersion":"?"}},"a":{` + instanceT + `,"r":{"clusterIdentifier":["c"]}}}`},
	"rds-46": {"", subnets(``), subnets(`,"i":{"t":"aws:ec2/internetGateway:InternetGateway"},"w":{"t":"aws:ec2/route:Route","p":{"gatewayId":"?"},"r":{"routeTableId":["t"],"gatewayId":["i"]}}`), subnets(`,"i":{"t":"aws:ec2/internetGateway:InternetGateway"},"w":{"t":"aws:ec2/route:Route","p":{"gatewayId":"?"},"r":{"routeTableId":["t"]}}`)},
	"tls-is-demanded": {
		"aws:rds/clusterParameterGroup:ClusterParameterGroup", `{"family":"aurora-postgresql17","parameters":[{"name":"rds.force_ssl","value":"1"}]}`,
		`{"family":"aurora-postgresql17"}`, `{"family":"aurora-postgresql17","parameters":[{"name":"?","value":"1"}]}`,
	},
	"binlog-is-whole": {
		"",
		binlog(`{"parameters":[{"name":"binlog_format","value":"ROW"}]}`), binlog(`{"parameters":[{"name":"binlog_format","value":"MIXED"}]}`), binlog(`{"parameters":"?"}`),
	},
	"changes-are-whole": {
		endpointType,
		`{"engineName":"kinesis","kinesisSettings":{"messageFormat":"json-unformatted","includeTransactionDetails":true,"includePartitionValue":true,"partitionIncludeSchemaTable":true,"includeControlDetails":true,"includeTableAlterOperations":true}}`,
		`{"engineName":"kinesis","kinesisSettings":{"messageFormat":"json"}}`, `{"engineName":"kinesis","kinesisSettings":"?"}`,
	},
	"opensearch-1":  {domainType, `{"encryptAtRest":{"enabled":true}}`, `{}`, `{"encryptAtRest":"?"}`},
	"opensearch-2":  {domainType, `{"vpcOptions":{"subnetIds":["subnet-1"]}}`, `{}`, `{"vpcOptions":{"subnetIds":"?"}}`},
	"opensearch-3":  {domainType, `{"nodeToNodeEncryption":{"enabled":true}}`, `{}`, `{"nodeToNodeEncryption":{"enabled":"?"}}`},
	"opensearch-4":  {domainType, `{"logPublishingOptions":[{"logType":"ES_APPLICATION_LOGS"}]}`, `{"logPublishingOptions":[{"logType":"AUDIT_LOGS"}]}`, `{"logPublishingOptions":"?"}`},
	"opensearch-5":  {domainType, `{"logPublishingOptions":[{"logType":"AUDIT_LOGS","enabled":true}]}`, `{"logPublishingOptions":[{"logType":"AUDIT_LOGS","enabled":false}]}`, `{"logPublishingOptions":[{"logType":"?"}]}`},
	"opensearch-6":  {domainType, `{"clusterConfig":{"instanceCount":3,"zoneAwarenessEnabled":true}}`, `{"clusterConfig":{"instanceCount":3}}`, `{"clusterConfig":"?"}`},
	"opensearch-7":  {domainType, `{"advancedSecurityOptions":{"enabled":true}}`, `{}`, `{"advancedSecurityOptions":"?"}`},
	"opensearch-8":  {domainType, `{"domainEndpointOptions":{"enforceHttps":true,"tlsSecurityPolicy":"Policy-Min-TLS-1-2-PFS-2023-10"}}`, `{"domainEndpointOptions":{"enforceHttps":true,"tlsSecurityPolicy":"Policy-Min-TLS-1-2-2019-07"}}`, `{"domainEndpointOptions":"?"}`},
	"opensearch-10": {domainType, `{"softwareUpdateOptions":{"autoSoftwareUpdateEnabled":true}}`, `{}`, `{"softwareUpdateOptions":"?"}`},
	"opensearch-11": {domainType, `{"clusterConfig":{"dedicatedMasterEnabled":true,"dedicatedMasterCount":3}}`, `{"clusterConfig":{"dedicatedMasterEnabled":true,"dedicatedMasterCount":2}}`, `{"clusterConfig":{"dedicatedMasterEnabled":true,"dedicatedMasterCount":"?"}}`},
	"domain-is-closed": {
		domainType,
		`{"vpcOptions":{"subnetIds":["s"]},"advancedSecurityOptions":{"enabled":true},"accessPolicies":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"es:ESHttp*\"}]}"}`,
		`{"advancedSecurityOptions":{"enabled":true},"accessPolicies":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"es:ESHttp*\"}]}"}`,
		`{"accessPolicies":"?"}`,
	},
}

// subnets returns a sample with a database's subnet, its route table, and more resources.
func subnets(more string) string {
	return `{"g":{"t":"aws:rds/subnetGroup:SubnetGroup","p":{"subnetIds":"?"},"r":{"subnetIds":["s"]}},"s":{"t":"aws:ec2/subnet:Subnet"},"t":{"t":"aws:ec2/routeTable:RouteTable"},` +
		`"a":{"t":"aws:ec2/routeTableAssociation:RouteTableAssociation","r":{"subnetId":["s"],"routeTableId":["t"]}}` + more + `}`
}

// binlog returns a sample with a task and its source cluster, which has these parameters.
func binlog(parameters string) string {
	return `{"k":{"t":"` + taskType + `","p":{"migrationType":"cdc"}},"c":{` + clusterT + `,"p":{"engine":"aurora-mysql"},"r":{"dbClusterParameterGroupName":["g"]}},"g":{` + groupT + `,"p":` + parameters + `}}`
}
