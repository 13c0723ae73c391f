// Command currentstate is the Lambda function that keeps the present state of every source row in OpenSearch.
package main

import (
	"cdcpipeline/internal/bucket"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lambdagc"
	"cdcpipeline/internal/opensearch"
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	lambdagc.Tune(os.Getenv)
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := currentstate.ReadSettings(os.Getenv)
	if err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("loading the AWS configuration: %w", err)
	}
	f, err := currentstate.New(settings, currentstate.Deps{
		Domain:  opensearch.Client{URL: settings.Endpoint, Transport: opensearch.Signed(cfg, settings.Service, http.DefaultTransport)},
		Bucket:  bucket.Bucket{S3: s3.NewFromConfig(cfg, quiet), Name: settings.Bucket},
		Metrics: os.Stdout,
	})
	if err != nil {
		return err
	}
	lambda.StartWithOptions(f, lambda.WithContext(ctx))
	return nil
}

// quiet stops S3's client from logging a line for every object without a checksum. Somebody may have restored such
// an object.
func quiet(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }
