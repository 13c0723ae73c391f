package iampolicy

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Function is what every Lambda function inside a VPC is allowed before anything of its own: to write its logs, and to be
// connected to the VPC by Lambda, from which its own code is kept.
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

// joinVpc is what AWSLambdaVPCAccessExecutionRole allows beside logs. The interfaces do not exist yet, so there is
// no ARN to name: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions.
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

// leaveInterfaces keeps from the function's code what Lambda itself needs to connect it: a request of the code, and of
// nothing else, says which function it comes from. AWS advises it,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice.
func leaveInterfaces() Statement {
	s := joinVpc()
	s.Sid, s.Deny = "LeaveInterfaces", true
	s.Conditions = []Condition{ArnLike("lambda:SourceFunctionArn", pulumi.String("arn:*:lambda:*:*:function:*"))}
	return s
}
