package reference

import "strings"

// passed maps a service and parameter to the service that receives the role, as in iam:PassedToService. REGION stands
// for the request's region.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#ck_PassedToService. A
// service has the name in the trust of the role that it receives. DMS reads secrets as the regional principal and
// writes to its targets as the global one,
// https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html.
var passed = map[string]string{
	"dms:SecretsManagerAccessRoleArn": "dms.REGION.amazonaws.com",
	"dms:ServiceAccessRoleArn":        "dms.amazonaws.com",
	"ec2:DeliverLogsPermissionArn":    "vpc-flow-logs.amazonaws.com",
	"ec2:IamInstanceProfile":          "ec2.amazonaws.com",
	"firehose:RoleARN":                "firehose.amazonaws.com",
	"glue:Role":                       "glue.amazonaws.com",
	"iam:RoleName":                    "ec2.amazonaws.com", // AddRoleToInstanceProfile
	"lambda:Role":                     "lambda.amazonaws.com",
	"rds:MonitoringRoleArn":           "monitoring.rds.amazonaws.com",
	"scheduler:RoleArn":               "scheduler.amazonaws.com",
}

// PassedTo is the principal of the service that receives a role in an operation's parameter, and false when it is not
// known.
func PassedTo(service, parameter, region string) (principal string, ok bool) {
	principal, ok = passed[service+":"+parameter]
	return strings.ReplaceAll(principal, "REGION", region), ok
}
