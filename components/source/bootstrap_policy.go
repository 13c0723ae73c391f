package source

import (
	"cdcpipeline/components/iampolicy"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// bootstrapPolicy is all that the bootstrap function may do.
func bootstrapPolicy(a *BootstrapArgs, logGroup pulumi.StringInput, user replicationUser) pulumi.StringOutput {
	// Any of them may be of any of the keys, when these are adopted.
	secrets := []pulumi.StringInput{a.Database.AdminSecretArn, user.secret}
	statements := []iampolicy.Statement{
		writeOwnLogs(logGroup),
		joinVpc(),
		leaveInterfaces(),
		readSecrets(secrets...),
	}
	var keys []pulumi.StringInput
	if user.made {
		statements = append(statements, moveReplicationSecret(user.secret), only(useSecretKey(a.KmsKeyArn), secrets...))
	} else {
		keys = append(keys, a.KmsKeyArn) // the secret's too, when the key is adopted
	}
	if key, ok := a.Database.secretKey(); ok {
		keys = append(keys, key)
	}
	if len(keys) > 0 {
		statements = append(statements, only(readWithKeys(keys...), secrets...))
	}
	return iampolicy.Document(statements...)
}

func writeOwnLogs(logGroup pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "WriteOwnLogs",
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s:*", logGroup)},
	}
}

// joinVpc is what AWSLambdaVPCAccessExecutionRole allows beside logs. The interfaces do not exist yet, so there is
// no ARN to name: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions.
func joinVpc() iampolicy.Statement {
	return iampolicy.Statement{
		Sid: "JoinVpc",
		Actions: []string{
			"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
			"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
		},
		Resources: iampolicy.Strings("*"),
	}
}

// leaveInterfaces keeps from the function's code what Lambda itself needs to connect it: a request of the code, and of
// nothing else, says which function it comes from. AWS advises it,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice.
func leaveInterfaces() iampolicy.Statement {
	s := joinVpc()
	s.Sid, s.Deny = "LeaveInterfaces", true
	s.Conditions = []iampolicy.Condition{iampolicy.ArnLike("lambda:SourceFunctionArn", pulumi.String("arn:*:lambda:*:*:function:*"))}
	return s
}

func readSecrets(arns ...pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "ReadSecrets",
		Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
		Resources: arns,
	}
}

// moveReplicationSecret lets the function bring host and port after a database that moved.
func moveReplicationSecret(arn pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "MoveReplicationSecret",
		Actions:   []string{"secretsmanager:PutSecretValue"},
		Resources: []pulumi.StringInput{arn},
	}
}

func useSecretKey(key pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "UseSecretKey",
		Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
		Resources: []pulumi.StringInput{key},
	}
}

func readWithKeys(keys ...pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "ReadAdminSecret",
		Actions:   []string{"kms:Decrypt"},
		Resources: keys,
	}
}
