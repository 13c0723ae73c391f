// Command canary is the Lambda function that measures how long a change takes until it is found.
package main

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/canary"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/secrets"
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := canary.ReadSettings(os.Getenv)
	if err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("loading the AWS configuration: %w", err)
	}
	f := canary.New(settings, canary.Deps{
		Secrets: secrets.Manager{Client: secretsmanager.NewFromConfig(cfg)},
		Search:  opensearch.Client{URL: settings.Endpoint, Transport: opensearch.Signed(cfg, settings.Service, http.DefaultTransport)},
		Bucket:  bucket.Bucket{S3: s3.NewFromConfig(cfg, quiet), Name: settings.Bucket},
		Metrics: os.Stdout,
	})
	lambda.StartWithOptions(f.Handle, lambda.WithContext(ctx))
	return nil
}

// quiet stops S3's client from logging a line for every object without a checksum, because a person may have restored
// one.
func quiet(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }
