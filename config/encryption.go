package config

import "regexp"

// Encryption is the key that everything the stack stores is encrypted with: made here, or adopted.
type Encryption struct {
	// KmsKeyArn adopts a symmetric customer key of this account and region; its policy stays as it is and must admit the
	// account's IAM policies, CloudWatch Logs and the services that publish alarms (encryption.NewKey lists the statements).
	// Default: a key is made.
	KmsKeyArn string `json:"kmsKeyArn" pulumi:"kmsKeyArn,optional"`
}

var kmsKeyArn = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

// Validate returns every problem, joined.
func (s Encryption) Validate() error {
	var p problems
	if s.KmsKeyArn != "" {
		p.matches("encryption.kmsKeyArn", s.KmsKeyArn, kmsKeyArn, "the whole ARN of a KMS key (an alias will not do), arn:aws:kms:<region>:<account>:key/<id>")
	}
	return p.join()
}
