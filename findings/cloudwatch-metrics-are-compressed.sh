#!/usr/bin/env bash
# github.com/aws/aws-sdk-go-v2/service/cloudwatch v1.51.1 with config v1.31.20: the SDK sends PutMetricData with
# Content-Encoding: gzip. With a configuration from config.LoadDefaultConfig it does so from a body of 10,240 bytes
# on. With an aws.Config made by hand, as in tests and stand-ins, it compresses every call, because a threshold of
# zero is not replaced by the default. So a proxy or stand-in that parses the form finds no Action in it.
# Seen: "by hand, 10 metrics: gzip", "loaded, 10 metrics: plain", "loaded, 100 metrics: gzip".
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
go mod init finding >/dev/null 2>&1
go get github.com/aws/aws-sdk-go-v2/service/cloudwatch@v1.51.1 github.com/aws/aws-sdk-go-v2/config@v1.31.20 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func main() {
	encoding := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		encoding = r.Header.Get("Content-Encoding")
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
	})
	byHand := aws.Config{Region: "us-east-1", Credentials: credentials}
	loaded, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-east-1"), config.WithCredentialsProvider(credentials))
	if err != nil {
		panic(err)
	}
	for _, c := range []struct {
		name   string
		config aws.Config
		count  int
	}{{"by hand", byHand, 10}, {"loaded", loaded, 10}, {"loaded", loaded, 100}} {
		client := cloudwatch.NewFromConfig(c.config, func(o *cloudwatch.Options) {
			o.BaseEndpoint, o.Retryer = aws.String(server.URL), aws.NopRetryer{}
		})
		data := make([]types.MetricDatum, c.count)
		for i := range data {
			data[i] = types.MetricDatum{
				MetricName: aws.String(fmt.Sprintf("CDCLatencySource%d", i)), Value: aws.Float64(1), Unit: types.StandardUnitSeconds,
				Dimensions: []types.Dimension{{Name: aws.String("ReplicationTaskIdentifier"), Value: aws.String("orders")}},
			}
		}
		encoding = "never called"
		_, _ = client.PutMetricData(context.Background(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("orders"), MetricData: data})
		if encoding == "" {
			encoding = "plain"
		}
		fmt.Printf("%s, %d metrics: %s\n", c.name, c.count, encoding)
	}
}
GO
go mod tidy >/dev/null 2>&1
seen=$(go run .)
echo "$seen"
[[ $seen == $'by hand, 10 metrics: gzip\nloaded, 10 metrics: plain\nloaded, 100 metrics: gzip' ]] || { echo "the behaviour has changed" >&2; exit 1; }
