package main

import (
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lambdagc"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/rehearsal/bench/drive"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// function makes the function like its main program does, with its own connections and signed requests. The node
// accepts a password instead of the signature, and the registry is in memory. It is called with an event's bytes,
// as Lambda's runtime does.
func function(t drive.Task) (drive.Worker, error) {
	lambdagc.Tune(t.Variable)
	settings, err := currentstate.ReadSettings(t.Variable)
	if err != nil {
		return nil, fmt.Errorf("reading the function's settings: %w", err)
	}
	send, err := t.Transport()
	if err != nil {
		return nil, err
	}
	objects := &buckettest.S3{Fault: func(_, key string) buckettest.Fault {
		if strings.HasPrefix(key, settings.Prefix) {
			return buckettest.Denied // all records are valid, so none may be parked
		}
		return buckettest.None
	}}
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", "")}
	f, err := currentstate.New(settings, currentstate.Deps{
		Domain: opensearch.Client{URL: settings.Endpoint, Transport: opensearch.Signed(cfg, settings.Service, send)}, Bucket: objects.Bucket(settings.Bucket),
		Metrics: io.Discard, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("making the function: %w", err)
	}
	handler := lambda.NewHandler(f)
	return drive.Func(func(ctx context.Context, event []byte) error { return drive.Settled(handler.Invoke(ctx, event)) }), nil
}
