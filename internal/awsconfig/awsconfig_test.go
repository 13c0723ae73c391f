package awsconfig_test

import (
	"cdcpipeline/internal/awsconfig"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"
)

// alone hides the machine's own AWS configuration.
func alone(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") {
			require.NoError(t, os.Unsetenv(name))
			t.Cleanup(func() { require.NoError(t, os.Setenv(name, value)) })
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func load(t *testing.T, s awsconfig.Settings) aws.Config {
	t.Helper()
	cfg, err := awsconfig.Load(t.Context(), s)
	require.NoError(t, err)
	return cfg
}

// file writes a shared configuration file and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// securityTokenService answers like STS and records the requests.
type securityTokenService struct {
	*httptest.Server
	asked []string // the action, and the access key that signed
}

func newSTS(t *testing.T) *securityTokenService {
	t.Helper()
	s := &securityTokenService{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		action := r.Form.Get("Action")
		_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, scope, _ := strings.Cut(credential, "/")
		s.asked = append(s.asked, fmt.Sprintf("%s by %q in %s: %s %s %s %s", action, key, region(scope), r.Form.Get("RoleArn"),
			r.Form.Get("ExternalId"), r.Form.Get("DurationSeconds"), r.Form.Get("WebIdentityToken")))
		const credentials = `<Credentials><AccessKeyId>KEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`
		fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult>%[2]s<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/me</Arn></%[1]sResult></%[1]sResponse>`,
			action, strings.ReplaceAll(credentials, "KEY", "of-"+last(r.Form.Get("RoleArn"))))
	}))
	t.Cleanup(s.Close)
	return s
}

func region(scope string) string {
	if parts := strings.Split(scope, "/"); len(parts) > 1 {
		return parts[1]
	}
	return "none"
}

func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func (s *securityTokenService) settings(more awsconfig.Settings) awsconfig.Settings {
	all := awsconfig.Settings{"region": "eu-west-1", "accessKey": "base", "secretKey": "s", "endpoints": fmt.Sprintf(`[{"sts":%q}]`, s.URL)}
	for key, value := range more {
		all[key] = value
	}
	return all
}

func TestTheRegionOfTheSettingsWins(t *testing.T) {
	alone(t)
	t.Setenv("AWS_REGION", "us-west-2")
	require.Equal(t, "eu-west-1", load(t, awsconfig.Settings{"region": "eu-west-1"}).Region)
	require.Equal(t, "us-west-2", load(t, awsconfig.Settings{}).Region)
}

func TestCredentialsComeFromWhereTheProviderTakesThem(t *testing.T) {
	const profiles = "[default]\naws_access_key_id = of-default\naws_secret_access_key = s\n[profile other]\nregion = eu-north-1\naws_access_key_id = of-other\naws_secret_access_key = s\n"
	for name, c := range map[string]struct {
		settings awsconfig.Settings
		env      map[string]string
		want     string
	}{
		"keys":                            {awsconfig.Settings{"accessKey": "given", "secretKey": "s"}, nil, "given"},
		"keys before a profile":           {awsconfig.Settings{"accessKey": "given", "secretKey": "s", "profile": "other"}, nil, "given"},
		"keys before the environment":     {awsconfig.Settings{"accessKey": "given", "secretKey": "s"}, map[string]string{"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "s"}, "given"},
		"a profile":                       {awsconfig.Settings{"profile": "other"}, nil, "of-other"},
		"a profile before the keys there": {awsconfig.Settings{"profile": "other"}, map[string]string{"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "s"}, "of-other"},
		"the environment's keys":          {nil, map[string]string{"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "s"}, "env"},
		"the environment's profile":       {nil, map[string]string{"AWS_PROFILE": "other"}, "of-other"},
		"the default profile":             {nil, nil, "of-default"},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			t.Setenv("AWS_CONFIG_FILE", file(t, profiles))
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			got, err := load(t, c.settings).Credentials.Retrieve(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, got.AccessKeyID)
		})
	}
}

func TestTheTokenGoesWithTheKeys(t *testing.T) {
	alone(t)
	got, err := load(t, awsconfig.Settings{"accessKey": "a", "secretKey": "b", "token": "c"}).Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, []string{got.AccessKeyID, got.SecretAccessKey, got.SessionToken})
}

func TestSharedFilesMayBeNamed(t *testing.T) {
	alone(t)
	path := file(t, "[profile other]\nregion = eu-north-1\n")
	require.Equal(t, "eu-north-1", load(t, awsconfig.Settings{"profile": "other", "sharedConfigFiles": fmt.Sprintf("[%q]", path)}).Region)
	require.Equal(t, "eu-north-1", load(t, awsconfig.Settings{"profile": "other", "sharedConfigFiles": path}).Region)
}

func TestRolesAreAssumedOneAfterTheOther(t *testing.T) {
	const first, second = "arn:aws:iam::111122223333:role/first", "arn:aws:iam::444455556666:role/second"
	for name, c := range map[string]struct {
		settings awsconfig.Settings
		key      string
		asked    []string
	}{
		"one role": {
			awsconfig.Settings{"assumeRole": `{"roleArn":"` + first + `","externalId":"x","duration":"1h"}`},
			"of-first",
			[]string{`AssumeRole by "base" in eu-west-1: ` + first + ` x 3600 `},
		},
		"a list": {
			awsconfig.Settings{"assumeRoles": `[{"roleArn":"` + first + `"},{"roleArn":"` + second + `"}]`},
			"of-second",
			[]string{`AssumeRole by "base" in eu-west-1: ` + first + `  900 `, `AssumeRole by "of-first" in eu-west-1: ` + second + `  900 `},
		},
		"in a region of its own": {
			awsconfig.Settings{"assumeRole": `{"roleArn":"` + first + `"}`, "stsRegion": "us-east-2"},
			"of-first",
			[]string{`AssumeRole by "base" in us-east-2: ` + first + `  900 `},
		},
		"by a web identity": {
			awsconfig.Settings{"assumeRoleWithWebIdentity": `{"roleArn":"` + first + `","webIdentityToken":"jwt"}`},
			"of-first",
			[]string{`AssumeRoleWithWebIdentity by "" in none: ` + first + `   jwt`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			service := newSTS(t)
			cfg := load(t, service.settings(c.settings))
			require.Empty(t, service.asked, "nothing is asked of AWS before the first call")

			got, err := cfg.Credentials.Retrieve(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.key, got.AccessKeyID)
			require.ElementsMatch(t, c.asked, service.asked)
		})
	}
}

// baseEndpoint is the address that a Secrets Manager client would call.
func baseEndpoint(cfg aws.Config) string {
	return aws.ToString(secretsmanager.NewFromConfig(cfg).Options().BaseEndpoint)
}

func TestEndpointsHoldForTheirServiceAlone(t *testing.T) {
	for name, text := range map[string]string{
		"as Pulumi writes them":  `[{"secretsmanager":"http://localhost:1","s3":"http://localhost:2"}]`,
		"in several objects":     `[{"s3":"http://localhost:2"},{"secretsmanager":"http://localhost:1"}]`,
		"without a list":         `{"secretsmanager":"http://localhost:1"}`,
		"beside one that is not": `[{"secretsmanager":"http://localhost:1","sts":""}]`,
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			cfg := load(t, awsconfig.Settings{"region": "eu-west-1", "endpoints": text})
			require.Equal(t, "http://localhost:1", baseEndpoint(cfg))
			require.Empty(t, aws.ToString(sts.NewFromConfig(cfg).Options().BaseEndpoint))
		})
	}
}

func TestServicesHaveTheNamesOfTheProvider(t *testing.T) {
	alone(t)
	for name, id := range map[string]string{
		"dms": "Database Migration Service", "databasemigration": "Database Migration Service", "logs": "CloudWatch Logs",
		"cloudwatchlogs": "CloudWatch Logs", "cloudwatch": "CloudWatch", "ssm": "SSM", "opensearch": "OpenSearch", "events": "EventBridge",
		"secretsmanager": "Secrets Manager", "kinesis": "Kinesis", "firehose": "Firehose", "rds": "RDS", "ec2": "EC2",
	} {
		cfg := load(t, awsconfig.Settings{"endpoints": fmt.Sprintf(`[{%q:"http://localhost:1"}]`, name)})
		source, ok := cfg.ConfigSources[0].(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		require.True(t, ok)
		endpoint, found, err := source.GetServiceBaseEndpoint(t.Context(), id)
		require.NoError(t, err)
		require.True(t, found, "%s for %s", name, id)
		require.Equal(t, "http://localhost:1", endpoint)
	}
}

func TestTheEnvironmentsEndpointHoldsForWhatTheSettingsLeaveOpen(t *testing.T) {
	alone(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://localhost:1")
	require.Equal(t, "http://localhost:1", baseEndpoint(load(t, awsconfig.Settings{})))
	require.Equal(t, "http://localhost:1", baseEndpoint(load(t, awsconfig.Settings{"endpoints": `[{"secretsmanager":"http://localhost:1/"}]`})))
}

func TestRetriesAreTheProviders(t *testing.T) {
	alone(t)
	cfg := load(t, awsconfig.Settings{"maxRetries": "2", "retryMode": "adaptive"})
	require.Equal(t, 2, cfg.RetryMaxAttempts)
	require.Equal(t, aws.RetryModeAdaptive, cfg.RetryMode)
	require.Zero(t, load(t, awsconfig.Settings{"maxRetries": "0"}).RetryMaxAttempts)
}

// The rehearsal's stack, as Pulumi passes it to a program.
func TestAStackThatPointsAtAStandIn(t *testing.T) {
	alone(t)
	cfg := load(t, awsconfig.Settings{
		"region": "us-east-1", "accessKey": "rehearsal", "secretKey": "rehearsal", "skipCredentialsValidation": "true",
		"skipMetadataApiCheck": "true", "s3UsePathStyle": "true", "maxRetries": "2", "defaultTags": `{"tags":{"project":"cdc-pipeline"}}`,
		"endpoints": `[{"secretsmanager":"http://127.0.0.1:4000","sts":"http://127.0.0.1:4000"}]`,
	})
	require.Equal(t, "us-east-1", cfg.Region)
	require.Equal(t, "http://127.0.0.1:4000", baseEndpoint(cfg))
}

func TestUnknownSettingsAreIgnored(t *testing.T) {
	alone(t)
	load(t, awsconfig.Settings{"skipWhatever": "{", "notAKey": "[", "ignoreTags": "?"})
}

func TestMalformedSettingsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		settings awsconfig.Settings
		want     []string
	}{
		"half of the keys":             {awsconfig.Settings{"accessKey": "a"}, []string{"aws:secretKey: is missing"}},
		"the other half":               {awsconfig.Settings{"secretKey": "a"}, []string{"aws:accessKey: is missing"}},
		"endpoints that are text":      {awsconfig.Settings{"endpoints": "http://localhost"}, []string{"aws:endpoints: is not a list"}},
		"an endpoint without a scheme": {awsconfig.Settings{"endpoints": `[{"ssm":"localhost:1"}]`}, []string{`aws:endpoints: ssm: "localhost:1" is not an address`}},
		"a role that is text":          {awsconfig.Settings{"assumeRole": "arn:aws:iam::1:role/x"}, []string{"aws:assumeRole: is not a role"}},
		"a role without its name":      {awsconfig.Settings{"assumeRoles": `[{"externalId":"x"}]`}, []string{"aws:assumeRoles: roleArn is missing"}},
		"a role for a while":           {awsconfig.Settings{"assumeRole": `{"roleArn":"arn","duration":"long"}`}, []string{`aws:assumeRole: duration "long"`}},
		"a web identity without token": {awsconfig.Settings{"assumeRoleWithWebIdentity": `{"roleArn":"arn"}`}, []string{"aws:assumeRoleWithWebIdentity: webIdentityToken"}},
		"retries that are no number":   {awsconfig.Settings{"maxRetries": "many"}, []string{"aws:maxRetries: "}},
		"a retry mode there is not":    {awsconfig.Settings{"retryMode": "eager"}, []string{"aws:retryMode: "}},
		"a flag that is none":          {awsconfig.Settings{"useFipsEndpoint": "yes please"}, []string{"aws:useFipsEndpoint: "}},
		"files that are no list":       {awsconfig.Settings{"sharedConfigFiles": "[1]"}, []string{"aws:sharedConfigFiles: "}},
		"a bundle that is not there":   {awsconfig.Settings{"customCaBundle": "/nowhere.pem"}, []string{"aws:customCaBundle: "}},
		"all of it at once":            {awsconfig.Settings{"maxRetries": "many", "endpoints": "x", "assumeRole": "x"}, []string{"aws:maxRetries", "aws:endpoints", "aws:assumeRole"}},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			_, err := awsconfig.Load(t.Context(), c.settings)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestAnEndpointThatTheSDKWouldNotUseIsRefused(t *testing.T) {
	alone(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://localhost:1")
	_, err := awsconfig.Load(t.Context(), awsconfig.Settings{"endpoints": `[{"ssm":"http://localhost:2"}]`})
	require.ErrorContains(t, err, `aws:endpoints: ssm: is http://localhost:2, but AWS_ENDPOINT_URL is "http://localhost:1"`)
}

func TestEveryKeyIsReadOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range awsconfig.Keys() {
		require.False(t, seen[key], key)
		seen[key] = true
	}
	for _, needed := range []string{"region", "profile", "accessKey", "secretKey", "token", "assumeRole", "assumeRoles", "endpoints"} {
		require.True(t, seen[needed], needed)
	}
}

func TestAccountsAreCompared(t *testing.T) {
	alone(t)
	service := newSTS(t)
	cfg := load(t, service.settings(nil))

	require.NoError(t, awsconfig.CheckAccount(t.Context(), cfg, ""))
	require.Empty(t, service.asked)
	require.NoError(t, awsconfig.CheckAccount(t.Context(), cfg, "111122223333"))

	err := awsconfig.CheckAccount(t.Context(), cfg, "999988887777")
	for _, want := range []string{"999988887777", "111122223333 (arn:aws:iam::111122223333:user/me)", "aws:profile", "AWS_PROFILE"} {
		require.ErrorContains(t, err, want)
	}
}
