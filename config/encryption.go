package config

import "regexp"

// Encryption is the KMS key for everything that the stack stores. The stack makes a key or adopts yours.
type Encryption struct {
	// KmsKeyArn adopts a symmetric customer-managed key of this account and region. The stack does not change the key's policy, which
	// must admit the account's IAM policies, CloudWatch Logs and the services that publish alarms (encryption.NewKey lists the
	// statements). Default: the stack makes a key.
	KmsKeyArn string `json:"kmsKeyArn" pulumi:"kmsKeyArn,optional"`
}

var kmsKeyArn = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

// Validate returns all problems as one joined error.
func (s Encryption) Validate() error {
	var p problems
	if s.KmsKeyArn != "" {
		p.matches("encryption.kmsKeyArn", s.KmsKeyArn, kmsKeyArn, "the full ARN of a KMS key (not of an alias), arn:aws:kms:<region>:<account>:key/<id>")
	}
	return p.join()
}
