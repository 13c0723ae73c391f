package source

import (
	"cdcpipeline/internal/iampolicy"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// bootstrapPolicy lists everything that the bootstrap function may do.
func bootstrapPolicy(a *BootstrapArgs, logGroup pulumi.StringInput, user replicationUser) pulumi.StringOutput {
	// Adopted secrets may each use either key.
	secrets := []pulumi.StringInput{a.Database.AdminSecretArn, user.secret}
	statements := append(iampolicy.Function(logGroup), readSecrets(secrets...))
	var keys []pulumi.StringInput
	if user.made {
		statements = append(statements, moveReplicationSecret(user.secret), only(useSecretKey(a.KmsKeyArn), secrets...))
	} else {
		keys = append(keys, a.KmsKeyArn) // the secret's key too, when it is adopted
	}
	if key, ok := a.Database.secretKey(); ok {
		keys = append(keys, key)
	}
	if len(keys) > 0 {
		statements = append(statements, only(readWithKeys(keys...), secrets...))
	}
	return iampolicy.Document(statements...)
}

func readSecrets(arns ...pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "ReadSecrets",
		Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
		Resources: arns,
	}
}

// moveReplicationSecret lets the function update host and port when the database has moved.
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
