// Command rotation is the Lambda function that Secrets Manager calls to rotate the replication user's password.
package main

import (
	"cdcpipeline/internal/source/mysql/rotation"
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func main() {
	rotator, err := newRotator()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(rotator.Handle)
}

func newRotator() (*rotation.Rotator, error) {
	settings, err := rotation.ReadSettings(os.Getenv(rotation.Variable))
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	return rotation.New(settings, secretsmanager.NewFromConfig(cfg)), nil
}
