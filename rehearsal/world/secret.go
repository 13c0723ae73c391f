package world

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Credentials reads a secret with the keys {"username","password"}.
func (w *World) Credentials(ctx context.Context, arn string) (user, password string, err error) {
	out, err := secretsmanager.NewFromConfig(w.Account.Config()).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return "", "", fmt.Errorf("reading the secret %s: %w", arn, err)
	}
	var s struct{ Username, Password string }
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &s); err != nil {
		return "", "", fmt.Errorf("the secret %s is no JSON: %w", arn, err)
	}
	if s.Username == "" || s.Password == "" {
		return "", "", fmt.Errorf("the secret %s lacks username or password", arn)
	}
	return s.Username, s.Password, nil
}
