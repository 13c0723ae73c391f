package preflight

import (
	"fmt"
	"net/http"
	"strings"
)

// rightAnswers returns the answers of an account without problems, in the form of AWS's API references.
func rightAnswers() map[string]func(request) answer {
	return map[string]func(request) answer{
		"sts:GetCallerIdentity": said(`<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:aws:sts::123456789012:assumed-role/deployer/me</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`),

		"iam:GetRole": func(r request) answer {
			if r.form.Get("RoleName") == "deployer" {
				return answer{body: role("deployer", "arn:aws:iam::123456789012:role/teams/deployer", "ec2.amazonaws.com")}
			}
			return answer{status: http.StatusNotFound, code: "NoSuchEntity"}
		},
		"iam:ListRoles":               said(`<ListRolesResponse><ListRolesResult><Roles/></ListRolesResult></ListRolesResponse>`),
		"iam:SimulatePrincipalPolicy": simulated(nil),
		"iam:GetAccountSummary":       said(summary(100, 1000)),

		"ec2:DescribeAvailabilityZones": said(zonesAnswer("us-east-1a use1-az1", "us-east-1b use1-az2", "us-east-1c use1-az3", "us-east-1d use1-az4")),
		"ec2:DescribeInstanceTypeOfferings": said(`<R>` + items("instanceTypeOfferingSet", "item",
			tag("instanceType", "t4g.nano")+tag("location", "us-east-1a"), tag("instanceType", "t4g.small")+tag("location", "us-east-1a")) + `</R>`),
		"ec2:DescribeInstanceTypes":    said(`<R>` + items("instanceTypeSet", "item", tag("instanceType", "t4g.nano")+"<vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo>") + `</R>`),
		"ec2:DescribeInstances":        said(`<R><reservationSet/></R>`),
		"ec2:DescribeVpcs":             said(`<R>` + items("vpcSet", "item", tag("vpcId", "vpc-1"), tag("vpcId", "vpc-2")) + `</R>`),
		"ec2:DescribeInternetGateways": said(`<R>` + items("internetGatewaySet", "item", tag("internetGatewayId", "igw-1")) + `</R>`),
		"ec2:DescribeAddresses":        said(`<R><addressesSet/></R>`),
		"ec2:DescribeNatGateways":      said(`<R><natGatewaySet/></R>`),
		"ec2:DescribeVpcAttribute":     func(r request) answer { return answer{body: attribute(r.form.Get("Attribute"), "true")} },
		"ec2:DescribeSubnets":          said(subnetsAnswer("a", "b")),
		"ec2:DescribeRouteTables":      said(tablesAnswer("vpc-local")),
		"ec2:DescribeVpcEndpoints":     said(endpointsAnswer()),
		"ec2:DescribeSecurityGroups": func(r request) answer {
			return answer{body: groupAnswer(r.form.Get("Filter.1.Value.1"), "vpc-01234567", "10.9.0.0/16")}
		},
		"ec2:DescribeNetworkInterfaces": said(`<R>` + items("networkInterfaceSet", "item", tag("networkInterfaceId", "eni-1")) + `</R>`),

		"aoss:BatchGetCollection":      said(`{"collectionDetails":[],"collectionErrorDetails":[{"name":"x","errorCode":"404"}]}`),
		"aoss:GetSecurityPolicy":       refused(http.StatusBadRequest, "ResourceNotFoundException"),
		"aoss:GetAccessPolicy":         refused(http.StatusBadRequest, "ResourceNotFoundException"),
		"aoss:BatchGetLifecyclePolicy": said(`{"lifecyclePolicyDetails":[],"lifecyclePolicyErrorDetails":[]}`),

		"es:ListVersions": said(`{"Versions":["OpenSearch_2.19","OpenSearch_2.17","Elasticsearch_7.10"]}`),
		"es:ListInstanceTypeDetails": said(`{"InstanceTypeDetails":[` + searchType("t3.small.search", "us-east-1a", "us-east-1b") + `,` +
			searchType("m7g.large.search", "us-east-1a", "us-east-1b") + `,` + searchType("r7g.large.search", "us-east-1a", "us-east-1b") + `]}`),
		"es:DescribeDomain":  refused(http.StatusNotFound, "ResourceNotFoundException"),
		"es:ListDomainNames": said(`{"DomainNames":[{"DomainName":"one","EngineType":"OpenSearch"}]}`),

		"rds:DescribeDBEngineVersions": said(`<R><DescribeDBEngineVersionsResult>` + items("DBEngineVersions", "DBEngineVersion",
			tag("EngineVersion", "8.0.mysql_aurora.3.10.4"), tag("EngineVersion", "8.0.mysql_aurora.3.11.1")) + `</DescribeDBEngineVersionsResult></R>`),
		"rds:DescribeOrderableDBInstanceOptions": said(orderable("db.t4g.medium", "db.r7g.large")),
		"rds:DescribeAccountAttributes":          said(rdsQuotas(1, 40)),
		"rds:DescribeDBClusters":                 refused(http.StatusNotFound, "DBClusterNotFoundFault"),

		"dms:DescribeEngineVersions":                said(`{"EngineVersions":[{"Version":"3.6.1","ReleaseStatus":"prod"},{"Version":"3.5.4"},{"Version":"3.4.7","Lifecycle":"DEPRECATED"}]}`),
		"dms:DescribeOrderableReplicationInstances": said(`{"OrderableReplicationInstances":[` + dmsOrderable("dms.t3.medium") + `,` + dmsOrderable("dms.t3.large") + `]}`),
		"dms:DescribeAccountAttributes":             said(`{"AccountQuotas":[{"AccountQuotaName":"ReplicationInstances","Used":1,"Max":20}]}`),
		"dms:DescribeReplicationInstances":          refused(http.StatusBadRequest, "ResourceNotFoundFault"),
		"dms:DescribeReplicationSubnetGroups":       refused(http.StatusBadRequest, "ResourceNotFoundFault"),
		"dms:DescribeEndpoints":                     refused(http.StatusBadRequest, "ResourceNotFoundFault"),
		"dms:DescribeReplicationTasks":              said(`{"ReplicationTasks":[]}`),

		"servicequotas:GetServiceQuota": said(`{"Quota":{"Value":5}}`),
		"firehose:ListDeliveryStreams":  said(`{"DeliveryStreamNames":["a"],"HasMoreDeliveryStreams":false}`),
		"kinesis:DescribeLimits":        said(`{"ShardLimit":500,"OpenShardCount":0,"OnDemandStreamCount":1,"OnDemandStreamCountLimit":50}`),
		"kinesis:DescribeStreamSummary": refused(http.StatusBadRequest, "ResourceNotFoundException"),
		"lambda:GetAccountSettings":     said(`{"AccountLimit":{"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":1000}}`),

		"logs:DescribeResourcePolicies": said(`{"resourcePolicies":[{"policyName":"one"}]}`),
		"logs:DescribeLogGroups":        said(`{"logGroups":[]}`),
		"s3:HeadBucket": func(r request) answer {
			if r.path == "/logs" {
				return answer{}
			}
			return answer{status: http.StatusNotFound, code: "NotFound"}
		},
		"glue:GetDatabase":              refused(http.StatusBadRequest, "EntityNotFoundException"),
		"athena:ListWorkGroups":         said(`{"WorkGroups":[{"Name":"primary"}]}`),
		"kms:DescribeKey":               keyAnswer("Enabled"),
		"secretsmanager:DescribeSecret": said(`{"Name":"cdc"}`),
	}
}

func role(name, arn, trusts string) string {
	trust := `%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22` + trusts + `%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D`
	return `<GetRoleResponse><GetRoleResult><Role>` + tag("RoleName", name) + tag("Arn", arn) + tag("AssumeRolePolicyDocument", trust) + `</Role></GetRoleResult></GetRoleResponse>`
}

// simulated denies some actions. denied maps each one to the reason that the answer gives.
func simulated(denied map[string]string) func(request) answer {
	return func(r request) answer {
		var results []string
		for i := 1; r.form.Has(fmt.Sprintf("ActionNames.member.%d", i)); i++ {
			action := r.form.Get(fmt.Sprintf("ActionNames.member.%d", i))
			how, is := denied[action]
			if !is {
				how = tag("EvalDecision", "allowed")
			}
			results = append(results, tag("EvalActionName", action)+how)
		}
		return answer{body: `<R><SimulatePrincipalPolicyResult>` + items("EvaluationResults", "member", results...) + `</SimulatePrincipalPolicyResult></R>`}
	}
}

func summary(roles, quota int) string {
	return fmt.Sprintf(`<R><GetAccountSummaryResult><SummaryMap><entry><key>Roles</key><value>%d</value></entry><entry><key>RolesQuota</key><value>%d</value></entry></SummaryMap></GetAccountSummaryResult></R>`, roles, quota)
}

// zonesAnswer lists zones, given by names and ids.
func zonesAnswer(zones ...string) string {
	var all []string
	for _, z := range zones {
		name, id, _ := strings.Cut(z, " ")
		all = append(all, tag("zoneName", name)+tag("zoneId", id))
	}
	return `<R>` + items("availabilityZoneInfo", "item", all...) + `</R>`
}

func attribute(name, value string) string {
	return `<R><` + name + `>` + tag("value", value) + `</` + name + `></R>`
}

// subnetsAnswer describes two subnets in these zones.
func subnetsAnswer(zones ...string) string {
	var all []string
	for i, zone := range zones {
		all = append(all, tag("subnetId", fmt.Sprintf("subnet-0000000%c", 'a'+i))+tag("vpcId", "vpc-01234567")+tag("availabilityZone", "us-east-1"+zone)+
			tag("availabilityZoneId", "use1-az-"+zone)+tag("cidrBlock", fmt.Sprintf("10.9.%d.0/24", i))+tag("availableIpAddressCount", "250"))
	}
	return `<R>` + items("subnetSet", "item", all...) + `</R>`
}

// tablesAnswer describes the main route table. It has a default route to the gateway, or none if gateway is vpc-local.
func tablesAnswer(gateway string) string {
	routes := []string{tag("destinationCidrBlock", "10.9.0.0/16") + tag("gatewayId", "local") + tag("state", "active")}
	if gateway != "vpc-local" {
		routes = append(routes, tag("destinationCidrBlock", "0.0.0.0/0")+tag("gatewayId", gateway)+tag("state", "active"))
	}
	return `<R>` + items("routeTableSet", "item", tag("routeTableId", "rtb-1")+items("associationSet", "item", tag("main", "true"))+items("routeSet", "item", routes...)) + `</R>`
}

// endpointsAnswer lists all needed endpoints except some.
func endpointsAnswer(without ...string) string {
	var all []string
	for _, service := range []string{"kinesis-streams", "secretsmanager", "ssm", "ssmmessages"} {
		if !strings.Contains(strings.Join(without, " "), service) {
			all = append(all, tag("vpcEndpointType", "Interface")+tag("serviceName", "com.amazonaws.us-east-1."+service)+tag("state", "available")+
				tag("privateDnsEnabled", "true")+items("groupSet", "item", tag("groupId", "sg-0000000e")))
		}
	}
	if !strings.Contains(strings.Join(without, " "), "s3") {
		all = append(all, tag("vpcEndpointType", "Gateway")+tag("serviceName", "com.amazonaws.us-east-1.s3")+tag("state", "available")+items("routeTableIdSet", "item", "rtb-1"))
	}
	return `<R>` + items("vpcEndpointSet", "item", all...) + `</R>`
}

func groupAnswer(id, vpc, block string) string {
	rule := tag("ipProtocol", "tcp") + tag("fromPort", "443") + tag("toPort", "443") + items("ipRanges", "item", tag("cidrIp", block))
	return `<R>` + items("securityGroupInfo", "item", tag("groupId", id)+tag("vpcId", vpc)+items("ipPermissions", "item", rule)) + `</R>`
}

func searchType(name string, zones ...string) string {
	return fmt.Sprintf(`{"InstanceType":%q,"EncryptionEnabled":true,"AdvancedSecurityEnabled":true,"AvailabilityZones":["%s"]}`, name, strings.Join(zones, `","`))
}

func orderable(classes ...string) string {
	var all []string
	for _, class := range classes {
		all = append(all, tag("DBInstanceClass", class)+items("AvailabilityZones", "AvailabilityZone", tag("Name", "us-east-1a"), tag("Name", "us-east-1b")))
	}
	return `<R><DescribeOrderableDBInstanceOptionsResult>` + items("OrderableDBInstanceOptions", "OrderableDBInstanceOption", all...) + `</DescribeOrderableDBInstanceOptionsResult></R>`
}

func dmsOrderable(class string) string {
	return fmt.Sprintf(`{"EngineVersion":"3.6.1","ReplicationInstanceClass":%q,"AvailabilityZones":["us-east-1a","us-east-1b"]}`, class)
}

func rdsQuotas(used, most int) string {
	quota := func(name string) string {
		return tag("AccountQuotaName", name) + tag("Used", fmt.Sprint(used)) + tag("Max", fmt.Sprint(most))
	}
	return `<R><DescribeAccountAttributesResult>` + items("AccountQuotas", "AccountQuota", quota("DBInstances"), quota("DBClusters")) + `</DescribeAccountAttributesResult></R>`
}

// keyAnswer describes the adopted key and no alias.
func keyAnswer(state string) func(request) answer {
	return func(r request) answer {
		if strings.Contains(r.body, "alias/") {
			return answer{status: http.StatusBadRequest, code: "NotFoundException"}
		}
		return answer{body: fmt.Sprintf(`{"KeyMetadata":{"KeyState":%q,"KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","KeyManager":"CUSTOMER"}}`, state)}
	}
}

// roleThatTrusts describes a role that does not trust the service that DMS needs.
func roleThatTrusts(name, service string) func(request) answer {
	right := rightAnswers()["iam:GetRole"]
	return func(r request) answer {
		if r.form.Get("RoleName") == name {
			return answer{body: role(name, "arn:aws:iam::123456789012:role/"+name, service)}
		}
		return right(r)
	}
}

// noLinkedRole denies making the role of one service.
func noLinkedRole(service string) func(request) answer {
	return func(r request) answer {
		if r.form.Get("ContextEntries.member.1.ContextKeyName") == "iam:AWSServiceName" && r.form.Get("ContextEntries.member.1.ContextKeyValues.member.1") == service {
			return simulated(map[string]string{createLinkedRole: tag("EvalDecision", "implicitDeny")})(r)
		}
		return simulated(nil)(r)
	}
}
