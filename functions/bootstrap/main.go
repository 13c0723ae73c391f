// Command bootstrap is the Lambda function that prepares the source database from inside the VPC.
package main

import (
	"cdcpipeline/internal/secrets"
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/source/preparation"
	"context"
	"encoding/json"
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
	manager := secrets.Manager{Client: secretsmanager.NewFromConfig(cfg)}
	lambda.Start(func(ctx context.Context, request json.RawMessage) (preparation.Findings, error) {
		return handle(ctx, manager, request)
	})
}

// handle runs a request with the engine that it names. A request without an engine is for MySQL.
func handle(ctx context.Context, secrets preparation.Secrets, request json.RawMessage) (preparation.Findings, error) {
	var of struct{ Engine string }
	if err := json.Unmarshal(request, &of); err != nil {
		return preparation.Findings{}, fmt.Errorf("reading the request: %w", err)
	}
	switch of.Engine {
	case "", "mysql":
		return read(ctx, secrets, request, mysql.Handle)
	case postgres.Engine:
		return read(ctx, secrets, request, postgres.Handle)
	}
	return preparation.Findings{}, fmt.Errorf("the request is for the engine %q, which this function does not know", of.Engine)
}

func read[Request any](
	ctx context.Context, secrets preparation.Secrets, text json.RawMessage,
	handle func(context.Context, preparation.Secrets, Request) (preparation.Findings, error),
) (preparation.Findings, error) {
	var request Request
	if err := json.Unmarshal(text, &request); err != nil {
		return preparation.Findings{}, fmt.Errorf("reading the request: %w", err)
	}
	return handle(ctx, secrets, request)
}
