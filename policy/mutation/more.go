package mutation

import "encoding/json"

func network() []Mutation {
	// opened allows everybody to connect to a range of ports.
	opened := func(rule, property, from string, port, to int) Mutation {
		return add(rule, ingress, tagged(object{
			"ipProtocol": "tcp", "fromPort": float64(port), "toPort": float64(to), property: from, "securityGroupId": "sg-mutant",
		}))
	}
	return []Mutation{
		drop("ec2-2", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
		drop("ec2-6", "aws:ec2/flowLog:FlowLog"),
		add("ec2-12", "aws:ec2/eip:Eip", tagged(object{"domain": "vpc"})),
		set("ec2-15", "aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", true),
		opened("ec2-18", "cidrIpv4", "0.0.0.0/0", 8443, 8443),
		opened("ec2-19", "cidrIpv4", "0.0.0.0/0", 9200, 9300),
		opened("ec2-53", "cidrIpv4", "0.0.0.0/0", 0, 100),
		opened("ec2-54", "cidrIpv6", "::/0", 3389, 3389),
		{"ec2-57", func(e *Editor) {
			for _, r := range e.stack {
				if service, _ := r.Inputs["serviceName"].(string); len(service) > 4 && service[len(service)-4:] == ".ssm" {
					e.Remove(r.URN)
					return
				}
			}
			panic("the stack has no endpoint of ssm")
		}},
	}
}

func compute() []Mutation {
	launch := func(rule string, inputs object) Mutation {
		base := tagged(object{"metadataOptions": object{"httpTokens": "required"}})
		for key, value := range inputs {
			base[key] = value
		}
		return add(rule, template, base)
	}
	return []Mutation{
		set("ec2-3", instance, "rootBlockDevice.encrypted", false),
		set("ec2-8", instance, "metadataOptions.httpTokens", "optional"),
		set("ec2-9", instance, "associatePublicIpAddress", true),
		set("ec2-17", instance, "networkInterfaces", []any{object{"deviceIndex": float64(0)}, object{"deviceIndex": float64(1)}}),
		set("ec2-24", instance, "instanceType", "m1.small"),
		set("ec2-180", instance, "sourceDestCheck", false),
		launch("ec2-25", object{"networkInterfaces": []any{object{"associatePublicIpAddress": "true"}}}),
		launch("ec2-170", object{"metadataOptions": object{"httpTokens": "optional"}}),
		launch("ec2-181", object{"blockDeviceMappings": []any{object{"ebs": object{"encrypted": "false"}}}}),
		set("ssm-1", instance, "iamInstanceProfile", nil),
		set("glue-4", job, "glueVersion", "1.0"),
		set("jobs-are-encrypted", job, "securityConfiguration", nil),
		add("lambda-1", "aws:lambda/permission:Permission", object{"principal": "*", "action": "lambda:InvokeFunction"}),
		set("lambda-2", function, "runtime", "go1.x"),
		set("lambda-3", function, "vpcConfig", nil),
		set("lambda-5", function, "vpcConfig.subnetIds", []any{"subnet-1"}),
		set("secrets-are-encrypted", function, "environment.variables.DB_PASSWORD", "correct horse battery staple"),
		{"secrets-stay-apart", func(e *Editor) {
			// It adds a copied secret twice, because captures contain no secrets.
			e.Add("random:index/randomPassword:RandomPassword", "mutant", object{"length": float64(32)}).Outputs["result"] = object{"$secret": "correct horse battery staple"}
			e.Set(function, "description", "signs in with correct horse battery staple")
		}},
	}
}

func identity() []Mutation {
	return []Mutation{
		set("iam-1", rolePolicy, "policy", document(nil, "*", "*")),
		set("iam-21", rolePolicy, "policy", document(nil, "arn:aws:kinesis:us-east-1:123456789012:stream/s", "kinesis:*")),
		add("iam-27", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"policyArn": "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"}),
		add("kms-1", "aws:iam/policy:Policy", tagged(object{"policy": document(nil, "*", "kms:Decrypt")})),
		set("kms-2", rolePolicy, "policy", document(nil, "*", "kms:Decrypt")),
		set("kms-4", key, "enableKeyRotation", false),
		set("kms-5", key, "policy", document("*", "*", "kms:Decrypt")),
		drop("secretsmanager-1", rotation),
		set("secretsmanager-4", rotation, "rotationRules.automaticallyAfterDays", float64(365)),
	}
}

func messages() []Mutation {
	alarm := object{"alarmActions": []any{"arn:aws:sns:us-east-1:123456789012:alarms"}, "actionsEnabled": false}
	return []Mutation{
		add("sns-1", "aws:sns/topic:Topic", tagged(object{})),
		add("sns-4", "aws:sns/topicPolicy:TopicPolicy", object{"policy": document("*", "*", "sns:Publish")}),
		add("sqs-1", "aws:sqs/queue:Queue", tagged(object{"sqsManagedSseEnabled": false})),
		add("sqs-3", "aws:sqs/queuePolicy:QueuePolicy", object{"policy": document("*", "*", "sqs:SendMessage")}),
		add("cloudwatch-15", "aws:cloudwatch/metricAlarm:MetricAlarm", tagged(object{"alarmActions": []any{}})),
		add("cloudwatch-17", "aws:cloudwatch/metricAlarm:MetricAlarm", tagged(alarm)),
		{"failures-are-told", func(e *Editor) {
			Put(e.First("aws:cloudwatch/metricAlarm:MetricAlarm", "metricName", "OnFailureDestinationDeliveredEventCount"), "metricName", "Errors")
		}},
		add("athena-4", "aws:athena/workgroup:Workgroup", tagged(object{"configuration": object{"publishCloudwatchMetricsEnabled": false}})),
	}
}

// collections returns mutations that add collections beside the domain. Each collection breaks one rule that the
// stack's own would keep.
func collections() []Mutation {
	policy := func(rule, typ, kind string, policy any) Mutation {
		text, _ := json.Marshal(policy)
		return add(rule, "aws:opensearch/"+typ, object{"name": "mutant", "type": kind, "policy": string(text)})
	}
	rules := []any{object{"ResourceType": "index", "Resource": []any{"index/rows/current-*"}, "Permission": []any{"aoss:ReadDocument"}}}
	const guard, access = "serverlessSecurityPolicy:ServerlessSecurityPolicy", "serverlessAccessPolicy:ServerlessAccessPolicy"
	return []Mutation{
		policy("collections-are-encrypted", guard, "encryption", object{"Rules": rules, "AWSOwnedKey": true}),
		policy("collections-are-closed", guard, "network", []any{object{"Rules": rules, "AllowFromPublic": true}}),
		policy("collections-admit-by-name", access, "data", []any{object{"Rules": rules, "Principal": []any{"saml/123456789012/idp/group/all"}}}),
		add("collections-have-standbys", "aws:opensearch/serverlessCollection:ServerlessCollection", tagged(object{"standbyReplicas": "DISABLED"})),
	}
}

func own() []Mutation {
	return []Mutation{
		{"tagged", func(e *Editor) {
			r := e.First(stream, "", nil)
			r.Provider = nil
			Put(r, "tags", nil)
		}},
	}
}
