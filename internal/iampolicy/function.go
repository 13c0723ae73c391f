package iampolicy

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Function is what every Lambda function inside a VPC may do: write its logs, and be connected to the VPC by Lambda.
// The function's own code may not use the second permission.
func Function(logGroup pulumi.StringInput) []Statement {
	return []Statement{writeOwnLogs(logGroup), joinVpc(), leaveInterfaces()}
}

func writeOwnLogs(logGroup pulumi.StringInput) Statement {
	return Statement{
		Sid:       "WriteOwnLogs",
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s:*", logGroup)},
	}
}

// joinVpc has the permissions of AWSLambdaVPCAccessExecutionRole without those for logs. The interfaces do not exist
// yet, so there is no ARN to name:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions.
func joinVpc() Statement {
	return Statement{
		Sid: "JoinVpc",
		Actions: []string{
			"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
			"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
		},
		Resources: Strings("*"),
	}
}

// leaveInterfaces denies the function's code the permissions that Lambda itself needs to connect the function. Only
// requests of the code contain the function's ARN. AWS recommends this,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice.
func leaveInterfaces() Statement {
	s := joinVpc()
	s.Sid, s.Deny = "LeaveInterfaces", true
	s.Conditions = []Condition{ArnLike("lambda:SourceFunctionArn", pulumi.String("arn:*:lambda:*:*:function:*"))}
	return s
}
