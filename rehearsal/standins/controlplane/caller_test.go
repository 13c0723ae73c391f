package controlplane

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"
)

func TestTheCallerIsToldByItsUserAgent(t *testing.T) {
	for agent, want := range map[string]Caller{
		"APN/1.0 HashiCorp/1.0 Terraform/0.0.0 (+https://www.terraform.io) terraform-provider-aws/5.82.2 aws-sdk-go-v2/1.32.7 app/cdc-pipeline": Deployer,
		"APN/1.0 Pulumi/1.0 PulumiAws/6.83.4 aws-sdk-go-v2/1.36.3":                                                                              Deployer,
		"aws-sdk-go-v2/1.43.0 ua/2.1 os/linux lang/go#1.26 api/ssm#1.60.0 app/cdc-pipeline":                                                     Deployer,
		"aws-sdk-go-v2/1.43.0 ua/2.1 os/linux lang/go#1.26 api/dms#1.64.0 app/cdc":                                                              Operator,
		"aws-sdk-go-v2/1.43.0 ua/2.1 os/linux lang/go#1.26 api/dms#1.64.0":                                                                      Other,
		"aws-sdk-go-v2/1.43.0 app/cdc-preflight":                                                                                                Preflight,
		"Boto3/1.40.1 md/app/cdc-pipelines":                                                                                                     Other,
		"":                                                                                                                                      Other,
	} {
		r, err := http.NewRequest(http.MethodPost, "/", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("User-Agent", agent)
		require.Equal(t, want, callerOf(r), agent)
	}
}

func TestTheSDKTellsItsApplication(t *testing.T) {
	p, address := started(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	for _, app := range []string{ProgramApp, ToolApp, ""} {
		client := sts.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: &address, AppID: app, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("key", "key", ""),
		})
		_, err := client.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		require.Error(t, err)
	}
	once := map[Action]int{{"sts", "GetCallerIdentity"}: 1}
	require.Equal(t, map[Caller]map[Action]int{Deployer: once, Operator: once, Other: once}, p.Calls())
}
