// Command bootstrap is the Lambda function that prepares the source database from inside the VPC.
package main

import (
	"cdcpipeline/internal/source/mysql"
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "loading the AWS configuration:", err)
		os.Exit(1)
	}
	secrets := secretsManager{secretsmanager.NewFromConfig(cfg)}
	lambda.Start(func(ctx context.Context, req mysql.Request) (mysql.Findings, error) {
		return mysql.Handle(ctx, secrets, req)
	})
}

// secretsManager implements bootstrap.Secrets.
type secretsManager struct{ client *secretsmanager.Client }

func (s secretsManager) Get(ctx context.Context, arn string) (string, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return "", fmt.Errorf("asking Secrets Manager: %w", err)
	}
	if out.SecretString == nil {
		return "", fmt.Errorf("secret %s holds bytes, not text", arn)
	}
	return *out.SecretString, nil
}

func (s secretsManager) Put(ctx context.Context, arn, value string) error {
	if _, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: &value}); err != nil {
		return fmt.Errorf("asking Secrets Manager: %w", err)
	}
	return nil
}
