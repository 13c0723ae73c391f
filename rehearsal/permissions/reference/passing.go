package reference

import "strings"

// passed says which service is given the role that a parameter names, as iam:PassedToService has it: by service and the
// parameter's name. REGION stands for the request's.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#ck_PassedToService. A service is
// called as in the trust of the role that it is given. DMS reads secrets as the region's principal and writes to its targets
// as the global one, https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html.
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

// PassedTo is the principal of the service that is given a role by a parameter of an operation, and false when nobody has
// said which that is.
func PassedTo(service, parameter, region string) (principal string, ok bool) {
	principal, ok = passed[service+":"+parameter]
	return strings.ReplaceAll(principal, "REGION", region), ok
}
