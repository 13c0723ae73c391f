package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Secrets is the part of Secrets Manager that reads a secret.
type Secrets interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// ReadLogin reads a secret in the form that RDS and this project write: {"username":…,"password":…}. Its errors never
// contain the secret.
func ReadLogin(ctx context.Context, api Secrets, arn string) (Login, error) {
	answer, err := api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return Login{}, fmt.Errorf("reading the secret %s: %w (your credentials need secretsmanager:GetSecretValue on it, and kms:Decrypt on its key)", arn, err)
	}
	if answer.SecretString == nil {
		return Login{}, fmt.Errorf("reading the secret %s: it contains bytes instead of a JSON object with username and password, which RDS writes", arn)
	}
	login, err := parseLogin(*answer.SecretString)
	if err != nil {
		return Login{}, fmt.Errorf("reading the secret %s: %w", arn, err)
	}
	return login, nil
}

func parseLogin(s string) (Login, error) {
	var secret struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if json.Unmarshal([]byte(s), &secret) != nil || secret.Username == "" || secret.Password == "" {
		return Login{}, errors.New(`it is not a JSON object with "username" and "password"`)
	}
	return Login{User: secret.Username, Password: secret.Password}, nil
}
