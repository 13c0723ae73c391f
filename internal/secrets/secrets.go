// Package secrets reads and writes texts in Secrets Manager, for the functions inside the VPC.
package secrets

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Manager wraps a Secrets Manager client.
type Manager struct{ Client *secretsmanager.Client }

// Get returns the current text of a secret. A binary secret is an error.
func (m Manager) Get(ctx context.Context, arn string) (string, error) {
	out, err := m.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return "", fmt.Errorf("asking Secrets Manager: %w", err)
	}
	if out.SecretString == nil {
		return "", fmt.Errorf("secret %s holds bytes, not text", arn)
	}
	return *out.SecretString, nil
}

// Put makes a text the secret's current value.
func (m Manager) Put(ctx context.Context, arn, value string) error {
	if _, err := m.Client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &value}); err != nil {
		return fmt.Errorf("asking Secrets Manager: %w", err)
	}
	return nil
}
