package rules_test

var computeExamples = map[string]example{
	"ec2-2":  {"", `{"v":{` + vpcT + `},"d":{"t":"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup","p":{"vpcId":"?"},"r":{"vpcId":["v"]}}}`, `{"v":{` + vpcT + `}}`, `{"v":{` + vpcT + `},"d":{"t":"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup","p":{"vpcId":"?","ingress":"?"},"r":{"vpcId":["v"]}}}`},
	"ec2-6":  {"", `{"v":{` + vpcT + `},"f":{"t":"aws:ec2/flowLog:FlowLog","r":{"vpcId":["v"]}}}`, `{"v":{` + vpcT + `}}`, `{"v":{` + vpcT + `},"f":{"t":"aws:ec2/flowLog:FlowLog","p":{"vpcId":"?"},"r":{"vpcId":["v"]}}}`},
	"ec2-12": {"", `{"e":{"t":"aws:ec2/eip:Eip"},"n":{"t":"aws:ec2/natGateway:NatGateway","r":{"allocationId":["e"]}}}`, `{"e":{"t":"aws:ec2/eip:Eip"}}`, `{"e":{"t":"aws:ec2/eip:Eip","p":{"instance":"?"}}}`},
	"ec2-15": {"aws:ec2/subnet:Subnet", `{}`, `{"mapPublicIpOnLaunch":true}`, `{"mapPublicIpOnLaunch":"?"}`},
	"ec2-57": {"", `{"v":{` + vpcT + `},"e":{"t":"aws:ec2/vpcEndpoint:VpcEndpoint","p":{"serviceName":"com.amazonaws.us-east-1.ssm"},"r":{"vpcId":["v"]}}}`, `{"v":{` + vpcT + `},"e":{"t":"aws:ec2/vpcEndpoint:VpcEndpoint","p":{"serviceName":"com.amazonaws.us-east-1.ssmmessages"},"r":{"vpcId":["v"]}}}`, `{"v":{` + vpcT + `},"e":{"t":"aws:ec2/vpcEndpoint:VpcEndpoint","p":{"serviceName":"?"},"r":{"vpcId":["v"]}}}`},
	"ec2-18": {ingressRule, `{"ipProtocol":"tcp","fromPort":443,"toPort":443,"cidrIpv4":"0.0.0.0/0"}`, `{"ipProtocol":"tcp","fromPort":7000,"toPort":7000,"cidrIpv4":"0.0.0.0/0"}`, `{"ipProtocol":"tcp","fromPort":7000,"toPort":7000,"cidrIpv4":"?"}`},
	"ec2-19": {groupRule, `{"type":"egress","protocol":"-1","cidrBlocks":["0.0.0.0/0"]}`, `{"type":"ingress","protocol":"tcp","fromPort":3306,"toPort":3306,"ipv6CidrBlocks":["::/0"]}`, `{"type":"ingress","protocol":"tcp","fromPort":3306,"toPort":3306,"cidrBlocks":["?"]}`},
	"ec2-53": {"aws:ec2/securityGroup:SecurityGroup", `{"ingress":[{"protocol":"tcp","fromPort":22,"toPort":22,"cidrBlocks":["10.0.0.0/8"]}]}`, `{"ingress":[{"protocol":"-1","fromPort":0,"toPort":0,"cidrBlocks":["0.0.0.0/0"]}]}`, `{"ingress":"?"}`},
	"ec2-54": {ingressRule, `{"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv6":"fd00::/8"}`, `{"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv6":"::/0"}`, `{"ipProtocol":"?","fromPort":22,"toPort":22,"cidrIpv6":"::/0"}`},

	"ec2-3":   {instanceType, `{"rootBlockDevice":{"encrypted":true}}`, `{"rootBlockDevice":{"encrypted":true},"ebsBlockDevices":[{"deviceName":"b"}]}`, `{"rootBlockDevice":"?"}`},
	"ec2-8":   {instanceType, `{"metadataOptions":{"httpTokens":"required"}}`, `{}`, `{"metadataOptions":"?"}`},
	"ec2-9":   {instanceType, `{"associatePublicIpAddress":false}`, `{"associatePublicIpAddress":true}`, `{"associatePublicIpAddress":"?"}`},
	"ec2-17":  {instanceType, `{}`, `{"networkInterfaces":[{},{}]}`, `{"networkInterfaces":"?"}`},
	"ec2-24":  {instanceType, `{"instanceType":"t4g.nano"}`, `{"instanceType":"t1.micro"}`, `{"instanceType":"?"}`},
	"ec2-180": {instanceType, `{}`, `{"sourceDestCheck":false}`, `{"sourceDestCheck":"?"}`},
	"ec2-25":  {templateType, `{"networkInterfaces":[{"associatePublicIpAddress":"false"}]}`, `{"networkInterfaces":[{"associatePublicIpAddress":"true"}]}`, `{"networkInterfaces":[{"associatePublicIpAddress":"?"}]}`},
	"ec2-170": {templateType, `{"metadataOptions":{"httpTokens":"required"}}`, `{}`, `{"metadataOptions":{"httpTokens":"?"}}`},
	"ec2-181": {templateType, `{"blockDeviceMappings":[{"ebs":{"encrypted":"true"}}]}`, `{"blockDeviceMappings":[{"ebs":{}}]}`, `{"blockDeviceMappings":[{"ebs":"?"}]}`},
	"ssm-1":   {instanceType, `{"iamInstanceProfile":"bastion"}`, `{}`, `{"iamInstanceProfile":"?"}`},

	"lambda-1": {"aws:lambda/permission:Permission", `{"principal":"s3.amazonaws.com","sourceAccount":"1"}`, `{"principal":"*"}`, `{"principal":"?"}`},
	"lambda-2": {functionType, `{"runtime":"provided.al2023"}`, `{"runtime":"go1.x"}`, `{"runtime":"?"}`},
	"lambda-3": {functionType, `{"vpcConfig":{"subnetIds":["a","b"]}}`, `{}`, `{"vpcConfig":"?"}`},
	"lambda-5": {functionType, `{"vpcConfig":{"subnetIds":["?","?"]}}`, `{"vpcConfig":{"subnetIds":["a"]}}`, `{"vpcConfig":{"subnetIds":"?"}}`},

	"glue-4": {glueJob, `{"glueVersion":"5.1"}`, `{"glueVersion":"2.0"}`, `{"glueVersion":"?"}`},
	"iam-1":  {rolePolicy, policyOf(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`), policyOf(`{"Effect":"Allow","Action":"*","Resource":"*"}`), unknownPolicy},
	"iam-21": {rolePolicy, policyOf(`{"Effect":"Deny","Action":"s3:*","Resource":"*"}`), policyOf(`{"Effect":"Allow","Action":"s3:*","Resource":"b"}`), unknownPolicy},
	"iam-27": {"aws:iam/rolePolicyAttachment:RolePolicyAttachment", `{"policyArn":"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}`, `{"policyArn":"arn:aws:iam::aws:policy/AWSCloudShellFullAccess"}`, `{"policyArn":"?"}`},
	"kms-1":  {"aws:iam/policy:Policy", policyOf(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:r:1:key/k"}`), policyOf(`{"Effect":"Allow","Action":"kms:*","Resource":"*"}`), unknownPolicy},
	"kms-2":  {rolePolicy, policyOf(`{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"*"}`), policyOf(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:r:1:key/*"}`), unknownPolicy},
	"tagged": {streamType, `{"tags":{"a":"b"}}`, `{"tags":{}}`, `{"tags":"?"}`},
}

const reads = `{"kinesisSourceConfiguration":{"kinesisStreamArn":"s"}}`

// told returns a sample with a delivery, an alarm on one of its metrics, and an alarm on another delivery's
// metric.
func told(metric, delivery string) string {
	return `{"d":{` + firehoseT + `,"p":` + delivery + `},"a":{"t":"` + alarmType + `","p":{"metricName":` + metric + `},"r":{"dimensions":["d"]}},` +
		`"o":{"t":"` + alarmType + `","p":{"metricName":"PartitionCountExceeded","dimensions":{"DeliveryStreamName":"other"}}}}`
}

var ownExamples = map[string]example{
	"delivery-is-granted": {"", grant(`"w"`, `"cdc-delivery"`), grant(`"w"`, `"all_access"`), grant(`"w"`, `"?"`)},
	"failures-are-kept": {
		firehoseType,
		`{"extendedS3Configuration":{"bucketArn":"b","errorOutputPrefix":"errors/"}}`, `{"opensearchConfiguration":{"indexName":"i"}}`, `{"opensearchConfiguration":{"indexName":"i","s3Configuration":"?"}}`,
	},
	"failures-are-told": {"", told(`"PartitionCountExceeded"`, reads), told(`"DeliveryToS3.DataFreshness"`, reads), told(`"?"`, `{"kinesisSourceConfiguration":"?"}`)},
	"jobs-are-encrypted": {
		"",
		`{"j":{"t":"` + glueJob + `","p":{"securityConfiguration":"s"}},"s":{"t":"` + glueSecurity + `","p":{"encryptionConfiguration":{"s3Encryption":{"s3EncryptionMode":"SSE-KMS"},"cloudwatchEncryption":{"cloudwatchEncryptionMode":"SSE-KMS"},"jobBookmarksEncryption":{"jobBookmarksEncryptionMode":"CSE-KMS"}}}}}`,
		`{"j":{"t":"` + glueJob + `"}}`,
		`{"j":{"t":"` + glueJob + `","p":{"securityConfiguration":"?"}},"s":{"t":"` + glueSecurity + `","p":{"encryptionConfiguration":"?"}}}`,
	},
	"tls-is-verified": {
		endpointType,
		`{"engineName":"mysql","sslMode":"verify-full","certificateArn":"?"}`, `{"engineName":"mysql","sslMode":"verify-ca"}`, `{"engineName":"mysql","sslMode":"?"}`,
	},
	"secrets-are-encrypted": {
		"aws:secretsmanager/secretVersion:SecretVersion",
		`{"secretString":{"$secret":"known"}}`, `{"secretString":"{\"password\":\"hunter2\"}"}`, `{"secretString":"?"}`,
	},
	"secrets-stay-apart": {
		"",
		`{"v":{"t":"random:index/randomPassword:RandomPassword","p":{"result":{"$secret":"correct horse battery"}}},"f":{"t":"` + functionType + `","p":{"description":"a horse"}}}`,
		`{"v":{"t":"aws:secretsmanager/secretVersion:SecretVersion","p":{"secretString":{"$secret":"{\"password\":\"correct horse battery\",\"username\":\"administrator\"}"}}},"f":{"t":"` + functionType + `","p":{"description":"administrator, correct horse battery"}}}`,
		`{"v":{"t":"random:index/randomPassword:RandomPassword","p":{"result":"?"}},"f":{"t":"` + functionType + `","p":{"description":"?"}}}`,
	},
}

// grant returns a sample with a delivery that depends on w, and a role mapping w for the delivery's role.
func grant(waitsFor, role string) string {
	return `{"r":{"t":"aws:iam/role:Role"},"d":{` + firehoseT + `,"p":{"opensearchConfiguration":{"roleArn":"?","indexName":"i"}},"r":{"opensearchConfiguration":["r"],"x":[` + waitsFor + `]}},` +
		`"w":{"t":"opensearch:index/rolesMapping:RolesMapping","p":{"backendRoles":["?"],"roleName":` + role + `},"r":{"backendRoles":["r"]}}}`
}

const (
	guardType  = "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"
	accessType = "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy"
	someRole   = "arn:aws:iam::123456789012:role/path/name"
)

// dataPolicy returns a data access policy with one rule.
func dataPolicy(principal, permission, resource string) string {
	return `{"type":"data","policy":"[{\"Rules\":[{\"ResourceType\":\"index\",\"Resource\":[\"` + resource + `\"],\"Permission\":[\"` + permission + `\"]}],\"Principal\":[\"` + principal + `\"]}]"}`
}

// admission returns a sample with a delivery into a collection that depends on w, and a data access policy w for
// its role.
func admission(waitsFor string) string {
	return `{"r":{"t":"aws:iam/role:Role"},"d":{` + firehoseT + `,"p":{"opensearchserverlessConfiguration":{"roleArn":"?","indexName":"i"}},"r":{"opensearchserverlessConfiguration":["r"],"x":[` + waitsFor + `]}},` +
		`"w":{"t":"` + accessType + `","p":{"type":"data","policy":"?"},"r":{"policy":["r"]}}}`
}

var collectionExamples = map[string]example{
	"collections-are-encrypted": {
		guardType, `{"type":"encryption","policy":"{\"AWSOwnedKey\":false,\"KmsARN\":\"arn:k\"}"}`, `{"type":"encryption","policy":"{\"AWSOwnedKey\":true}"}`, `{"type":"encryption","policy":"?"}`,
	},
	"collections-are-closed": {
		guardType, `{"type":"network","policy":"[{\"AllowFromPublic\":false,\"SourceVPCEs\":[\"vpce-1\"]}]"}`,
		`{"type":"network","policy":"[{\"AllowFromPublic\":false,\"SourceVPCEs\":[\"vpce-1\"]},{\"AllowFromPublic\":true}]"}`, `{"type":"network","policy":"?"}`,
	},
	"collections-admit-by-name": {accessType, dataPolicy(someRole, "aoss:ReadDocument", "index/rows/current-*"), dataPolicy("saml/123456789012/idp/group/all", "aoss:ReadDocument", "index/rows/current-*"), `{"type":"data","policy":"?"}`},
	"collections-have-standbys": {"aws:opensearch/serverlessCollection:ServerlessCollection", `{"standbyReplicas":"ENABLED"}`, `{"standbyReplicas":"DISABLED"}`, `{"standbyReplicas":"?"}`},
}
