package source

import (
	"cdcpipeline/internal/iampolicy"
	"cdcpipeline/internal/source/mysql/rdsca"
	"encoding/pem"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// policy lists everything that the rotation function may do:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html.
func (a *RotationArgs) policy(logGroup pulumi.StringInput) pulumi.StringOutput {
	if a.PostgreSQL() { // its user changes its own password, without the administrator
		return iampolicy.Document(append(iampolicy.Function(logGroup), rotateSecret(a.SecretArn), only(useSecretKey(a.KmsKeyArn), a.SecretArn))...)
	}
	statements := append(
		iampolicy.Function(logGroup),
		rotateSecret(a.SecretArn),
		readAdminSecret(a.Database.AdminSecretArn),
		// The administrator's secret may use the same key, when that key is adopted.
		only(useSecretKey(a.KmsKeyArn), a.SecretArn, a.Database.AdminSecretArn),
	)
	if key, ok := a.Database.secretKey(); ok {
		statements = append(statements, only(readWithKeys(key), a.Database.AdminSecretArn))
	}
	return iampolicy.Document(statements...)
}

func rotateSecret(arn pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid: "RotateSecret",
		Actions: []string{
			"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
			"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
		},
		Resources: []pulumi.StringInput{arn},
	}
}

func readAdminSecret(arn pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "ReadAdminSecretValue",
		Actions:   []string{"secretsmanager:GetSecretValue"},
		Resources: []pulumi.StringInput{arn},
	}
}

// only restricts the use of a key to these secrets, which Secrets Manager names to KMS:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html#security-encryption-encryption-context.
func only(s iampolicy.Statement, arns ...pulumi.StringInput) iampolicy.Statement {
	s.Conditions = append(s.Conditions, iampolicy.StringEquals("kms:EncryptionContext:SecretARN", arns...))
	return s
}

// maxCertificates leaves room for the other settings in the 4 KB that a function's environment can hold,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
const maxCertificates = 3000

// CompactCertificates reduces a bundle to its certificates, for a function's environment. It returns nothing for
// RDS's bundle, which the function contains. A bundle that does not fit is an error that names the function and an
// alternative.
func CompactCertificates(bundle, function, otherwise string) (string, error) {
	if bundle == rdsca.Certificates() {
		return "", nil // the usual case, without reading its hundred certificates
	}
	own := map[string]bool{}
	for _, certificate := range certificates(rdsca.Certificates()) {
		own[certificate] = true
	}
	given, foreign, text := certificates(bundle), false, ""
	for _, certificate := range given {
		foreign = foreign || !own[certificate]
		text += certificate
	}
	switch {
	case len(given) == 0:
		return bundle, nil
	case !foreign:
		return "", nil
	case len(text) > maxCertificates:
		return "", fmt.Errorf("source.caFile: its %d certificates take %d characters and the %s function's environment holds %d: keep only those that sign this database's certificate, or %s", len(given), len(text), function, maxCertificates, otherwise)
	}
	return text, nil
}

// certificates returns the certificates in a text, each as PEM.
func certificates(text string) []string {
	var found []string
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			block.Headers = nil
			found = append(found, string(pem.EncodeToMemory(block)))
		}
	}
	return found
}
