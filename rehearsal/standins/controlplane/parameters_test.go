package controlplane

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParametersAreReadInEachProtocol(t *testing.T) {
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
	for name, c := range map[string]struct {
		method, path, service, body string
		header                      map[string]string
		want                        []Parameter
	}{
		"JSON": {
			"POST", "/", "dms", `{"EndpointIdentifier":"e","KinesisSettings":{"ServiceAccessRoleArn":"arn"},"Tags":[{"Key":"k","Value":"v"}],"None":null}`,
			map[string]string{"X-Amz-Target": "AmazonDMSv20160101.CreateEndpoint"},
			[]Parameter{{"EndpointIdentifier", "e"}, {"KinesisSettings.ServiceAccessRoleArn", "arn"}, {"Tags.0.Key", "k"}, {"Tags.0.Value", "v"}},
		},
		"an empty body": {"POST", "/", "kinesis", "", map[string]string{"X-Amz-Target": "Kinesis_20131202.DescribeLimits"}, nil},
		"form":          {"POST", "/", "rds", "Action=CreateDBCluster&DBClusterIdentifier=c", form, []Parameter{{"Action", "CreateDBCluster"}, {"DBClusterIdentifier", "c"}}},
		"path and JSON": {
			"PUT", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/configuration", "lambda", `{"MemorySize":128}`, nil,
			[]Parameter{{"MemorySize", "128"}, {"name", "arn:aws:lambda:us-east-1:1:function:f"}},
		},
		"query":           {"GET", "/2021-01-01/tags?arn=x", "es", "", nil, []Parameter{{"arn", "x"}}},
		"S3's object":     {"PUT", "/bucket/a/b?tagging", "s3", "<no JSON", nil, []Parameter{{"Bucket", "bucket"}, {"Key", "a/b"}, {"tagging", ""}}},
		"S3's bucket":     {"HEAD", "/bucket", "s3", "", nil, []Parameter{{"Bucket", "bucket"}}},
		"an unknown path": {"GET", "/somewhere", "lambda", "", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := signed(t, c.method, "http://localhost"+c.path, c.service, c.body, c.header)
			action, err := identify(r)
			require.NoError(t, err)
			got, err := (&Call{Action: action, Request: r, RequestBody: []byte(c.body)}).Parameters()
			require.NoError(t, err)
			slices.SortFunc(got, func(a, b Parameter) int { return cmp.Compare(a.Path, b.Path) })
			require.Equal(t, c.want, slices.Clip(got))
		})
	}
}

func TestABodyThatCannotBeReadIsSaid(t *testing.T) {
	r := signed(t, "POST", "http://localhost/", "dms", `{"half`, map[string]string{"X-Amz-Target": "x.CreateEndpoint"})
	_, err := (&Call{Action: Action{"dms", "CreateEndpoint"}, Request: r, RequestBody: []byte(`{"half`)}).Parameters()
	require.ErrorContains(t, err, "dms:CreateEndpoint")
}

func TestOnlyTheCallerIsJudgedAndARefusalSpeaksTheServicesProtocol(t *testing.T) {
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	const said = "User: arn:aws:iam::1:user/u is not authorized to perform: a:B on resource: arn because no identity-based policy allows the a:B action"
	for name, c := range map[string]struct {
		service, path, body string
		header              map[string]string
		status              int
		code                string
	}{
		"JSON":  {"kinesis", "/", "{}", map[string]string{"X-Amz-Target": "x.CreateStream"}, http.StatusBadRequest, "AccessDeniedException"},
		"REST":  {"lambda", "/2015-03-31/functions/f/invocations", "{}", nil, http.StatusForbidden, "AccessDeniedException"},
		"query": {"iam", "/", "Action=CreateRole", form, http.StatusForbidden, "AccessDenied"},
		"EC2":   {"ec2", "/", "Action=CreateVpc", form, http.StatusForbidden, "UnauthorizedOperation"},
		"S3":    {"s3", "/bucket", "", nil, http.StatusForbidden, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			reached := false
			p, address := started(t, func(http.ResponseWriter, *http.Request) { reached = true })
			p.Admit(Deployer, func(_ context.Context, c *Call) error { return c.Denied("arn:aws:iam::1:user/u", "a:B", "arn") })
			request := func(agent string) (*http.Response, string) {
				r := signed(t, "POST", address+c.path, c.service, c.body, c.header)
				r.Header.Set("User-Agent", agent)
				return send(t, r)
			}
			resp, body := request("APN/1.0 Pulumi/1.0")
			require.False(t, reached)
			require.Equal(t, c.status, resp.StatusCode)
			require.Equal(t, c.code, resp.Header.Get("X-Amzn-Errortype"))
			require.Contains(t, body, said)
			request("somebody else")
			require.True(t, reached)
		})
	}
}

func TestACallThatIsAdmittedGoesOnWhole(t *testing.T) {
	p, address := started(t, func(w http.ResponseWriter, r *http.Request) { _ = r.Write(w) })
	p.Admit(Other, func(_ context.Context, c *Call) error {
		require.Equal(t, `{"a":1}`, string(c.RequestBody))
		return nil
	})
	_, body := send(t, signed(t, "POST", address, "kinesis", `{"a":1}`, map[string]string{"X-Amz-Target": "x.CreateStream"}))
	require.Contains(t, body, `{"a":1}`)
}
