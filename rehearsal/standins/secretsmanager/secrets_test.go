package secretsmanager

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/lambda"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(storestest.Run(m)) }

// scene is an account with a secret, and a function that may rotate it.
type scene struct {
	*Rotations
	t        *testing.T
	client   *secretsmanager.Client
	function string // ARN
	secret   string // ARN
	name     string
	proxy    *controlplane.Proxy
	endpoint string

	mu     sync.Mutex
	events []map[string]string
	fail   string // the step that fails
}

func newScene(t *testing.T) *scene {
	t.Helper()
	target, err := url.Parse(storestest.Moto(t))
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	proxy := controlplane.New(target, log)
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	s := &scene{t: t, name: strings.ReplaceAll(t.Name(), "/", "-"), proxy: proxy, endpoint: front.URL}
	acc := account.New(front.URL)
	s.Rotations = New(acc, s, log)
	t.Cleanup(s.Close)
	s.Attach(proxy)
	s.client = secretsmanager.NewFromConfig(acc.Config(), func(o *secretsmanager.Options) { o.RetryMaxAttempts = 1 })
	role, err := iam.NewFromConfig(acc.Config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &s.name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	require.NoError(t, err)
	function, err := s.lambda.CreateFunction(t.Context(), &awslambda.CreateFunctionInput{
		FunctionName: &s.name, Role: role.Role.Arn, Handler: aws.String("bootstrap"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Code: &lambdatypes.FunctionCode{ZipFile: []byte("zip")},
	})
	require.NoError(t, err)
	secret, err := s.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &s.name, SecretString: aws.String("seed")})
	require.NoError(t, err)
	s.function, s.secret = *function.FunctionArn, *secret.ARN
	return s
}

// permit lets Secrets Manager call the function.
func (s *scene) permit(change func(*awslambda.AddPermissionInput)) {
	s.t.Helper()
	input := &awslambda.AddPermissionInput{
		FunctionName: &s.name, StatementId: aws.String("rotation"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("secretsmanager.amazonaws.com"), SourceAccount: aws.String(account.ID),
	}
	if change != nil {
		change(input)
	}
	_, err := s.lambda.AddPermission(s.t.Context(), input)
	require.NoError(s.t, err)
}

// Invoke is the function: it changes its secret like a rotation function.
func (s *scene) Invoke(ctx context.Context, name string, payload []byte) (lambda.Result, error) {
	var event map[string]string
	if err := json.Unmarshal(payload, &event); err != nil {
		return lambda.Result{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event)
	if name != s.function || event["Step"] == s.fail {
		return lambda.Result{Payload: []byte(`{"errorMessage":"no"}`), FunctionError: "Unhandled"}, nil
	}
	secret, token := event["SecretId"], event["ClientRequestToken"]
	var err error
	switch event["Step"] {
	case "createSecret":
		_, err = s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: &secret, ClientRequestToken: &token, SecretString: aws.String("value of " + token), VersionStages: []string{"AWSPENDING"},
		})
	case "testSecret":
		_, err = s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secret, VersionId: &token, VersionStage: aws.String("AWSPENDING")})
	case "finishSecret":
		_, err = s.client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: &secret, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &token, RemoveFromVersionId: aws.String(s.version("AWSCURRENT")),
		})
	}
	return lambda.Result{Payload: []byte("null")}, err
}

func (s *scene) rotate(change func(*secretsmanager.RotateSecretInput)) (*secretsmanager.RotateSecretOutput, error) {
	input := &secretsmanager.RotateSecretInput{
		SecretId: &s.secret, RotationLambdaARN: &s.function, RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
	}
	if change != nil {
		change(input)
	}
	return s.client.RotateSecret(s.t.Context(), input)
}

func (s *scene) describe() *secretsmanager.DescribeSecretOutput {
	s.t.Helper()
	out, err := s.client.DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: &s.secret})
	require.NoError(s.t, err)
	return out
}

func (s *scene) version(stage string) string {
	for version, stages := range s.describe().VersionIdsToStages {
		for _, have := range stages {
			if have == stage {
				return version
			}
		}
	}
	return ""
}

func (s *scene) value(stage *string) string {
	s.t.Helper()
	out, err := s.client.GetSecretValue(s.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &s.secret, VersionStage: stage})
	require.NoError(s.t, err)
	return *out.SecretString
}

func (s *scene) called() (steps []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		steps = append(steps, e["Step"])
	}
	return steps
}

func trial(in *secretsmanager.RotateSecretInput) { in.RotateImmediately = aws.Bool(false) }

func TestRotationThatIsOnlySetUpIsTried(t *testing.T) {
	s := newScene(t)
	s.permit(nil)
	_, err := s.rotate(trial)
	require.NoError(t, err)
	require.NoError(t, s.Wait())
	require.Equal(t, []string{"testSecret"}, s.called())
	require.Equal(t, "seed", s.value(nil))
	out := s.describe()
	require.True(t, *out.RotationEnabled)
	require.Equal(t, s.function, *out.RotationLambdaARN)
	require.Equal(t, &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)}, out.RotationRules)
	require.Len(t, out.VersionIdsToStages, 1, "the trial's version is gone")
}

func TestRotationCallsTheFunctionFourTimes(t *testing.T) {
	s := newScene(t)
	s.permit(nil)
	for range 2 {
		before := s.value(nil)
		s.events = nil
		out, err := s.rotate(nil)
		require.NoError(t, err)
		require.NoError(t, s.Wait())
		require.Equal(t, steps, s.called())
		for _, e := range s.events {
			require.Equal(t, s.secret, e["SecretId"])
			require.Equal(t, *out.VersionId, e["ClientRequestToken"])
		}
		require.Equal(t, "value of "+*out.VersionId, s.value(nil))
		require.Equal(t, before, s.value(aws.String("AWSPREVIOUS")))
	}
	require.NotNil(t, s.describe().LastRotatedDate)

	_, err := s.client.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &s.secret})
	require.NoError(t, err)
	require.False(t, *s.describe().RotationEnabled)
}

func TestFailedRotationIsTakenUpAgainByTheNextCall(t *testing.T) {
	s := newScene(t)
	s.permit(nil)
	s.fail = "setSecret"
	out, err := s.rotate(nil)
	require.NoError(t, err, "a rotation fails later than the call")
	require.ErrorContains(t, s.Wait(), `setSecret: the function failed: {"errorMessage":"no"}`)
	require.Equal(t, []string{"createSecret", "setSecret"}, s.called())
	require.Equal(t, "seed", s.value(nil))

	s.fail = ""
	_, err = s.rotate(nil)
	require.ErrorContains(t, err, "A previous rotation isn't complete. That rotation will be reattempted.")
	require.NoError(t, s.Wait())
	require.Equal(t, *out.VersionId, s.version("AWSCURRENT"))
	require.Len(t, s.Rotations.Rotations(), 2)
}

func TestFunctionThatSecretsManagerMayNotCallIsRefused(t *testing.T) {
	for name, permit := range map[string]func(*scene){
		"no statement": func(*scene) {},
		"another service": func(s *scene) {
			s.permit(func(in *awslambda.AddPermissionInput) { in.Principal = aws.String("events.amazonaws.com") })
		},
		"another account": func(s *scene) {
			s.permit(func(in *awslambda.AddPermissionInput) { in.SourceAccount = aws.String("210987654321") })
		},
		"a source by ARN": func(s *scene) { s.permit(func(in *awslambda.AddPermissionInput) { in.SourceArn = &s.secret }) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			permit(s)
			_, err := s.rotate(trial)
			require.ErrorContains(t, err, "AccessDeniedException: Secrets Manager cannot invoke the specified Lambda function")
			require.Nil(t, s.describe().RotationEnabled)
			require.NoError(t, s.Wait())
			require.Empty(t, s.called())
		})
	}
}

func TestMasterPasswordOfAClusterIsRotatedOnRequest(t *testing.T) {
	s := newScene(t)
	client := rds.NewFromConfig(account.New(storestest.Moto(t)).Config())
	made, err := client.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String("rotated"), Engine: aws.String("aurora-mysql"), MasterUsername: aws.String("admin"), ManageMasterUserPassword: aws.Bool(true),
	})
	require.NoError(t, err)
	s.secret = *made.DBCluster.MasterUserSecret.SecretArn
	before := s.value(nil)
	_, err = client.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{
		DBClusterIdentifier: aws.String("rotated"), RotateMasterUserPassword: aws.Bool(true), ApplyImmediately: aws.Bool(true),
	})
	require.NoError(t, err)
	require.NotEqual(t, before, s.value(nil))
	require.Equal(t, before, s.value(aws.String("AWSPREVIOUS")))
	require.Contains(t, s.value(nil), `"username": "admin"`)
}
