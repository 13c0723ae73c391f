package source_test

import (
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/source/mysql/rotation"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	permissionType = "aws:lambda/permission:Permission"
	rotationType   = "aws:secretsmanager/secretRotation:SecretRotation"
	adminSecret    = "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin-AbCdEf"
)

func tryRotation(change func(*source.RotationArgs)) (*componenttest.Recorder, error) {
	return componenttest.Try(func(ctx *pulumi.Context) error {
		e, err := source.NewExisting(ctx, "source", existingArgs())
		if err != nil {
			return err
		}
		args := &source.RotationArgs{
			Source: existingArgs().Source, Database: e.Database, SecretArn: pulumi.String("secret-arn"), User: "cdc_dev_0a1b2c3d",
			Code:      pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			SubnetIDs: pulumi.ToStringArray([]string{"subnet-a"}), SecurityGroupID: pulumi.String("sg-functions"), KmsKeyArn: pulumi.String("key-arn"),
		}
		change(args)
		_, err = source.NewRotation(ctx, "rotation", args)
		return err
	})
}

func rotationOf(t *testing.T, change func(*source.RotationArgs)) *componenttest.Recorder {
	t.Helper()
	r, err := tryRotation(change)
	require.NoError(t, err)
	return r
}

func asMade(*source.RotationArgs) {}

func TestRotationIsScheduledAndNotBegun(t *testing.T) {
	r := rotationOf(t, func(a *source.RotationArgs) { a.RotationDays = new(7) })
	schedule := r.One(t, rotationType)
	require.Equal(t, "secret-arn", schedule.Input("secretId"))
	require.Equal(t, false, schedule.Input("rotateImmediately"))
	require.Equal(t, map[string]any{"automaticallyAfterDays": 7.0}, schedule.Input("rotationRules"))
	require.Contains(t, strings.Join(schedule.DependsOn, " "), "rotation-permission", "Secrets Manager checks at once that it may call the function")
}

func TestOnlySecretsManagerOfThisAccountMayRotate(t *testing.T) {
	permission := rotationOf(t, asMade).One(t, permissionType)
	require.Equal(t, "secretsmanager.amazonaws.com", permission.Input("principal"))
	require.Equal(t, componenttest.Account, permission.Input("sourceAccount"))
	require.Equal(t, "lambda:InvokeFunction", permission.Input("action"))
}

func TestTheRotationFunctionMayDoOnlyWhatItDoes(t *testing.T) {
	var document struct {
		Statement []struct {
			Sid              string
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	r := rotationOf(t, func(a *source.RotationArgs) { a.Database.SecretKmsKeyArn = pulumi.String("admin-key").ToStringOutput() })
	require.NoError(t, json.Unmarshal([]byte(r.One(t, policyType).Input("policy").(string)), &document))
	written, only := map[string][]string{}, map[string][]string{}
	for _, s := range document.Statement {
		require.NotContains(t, strings.Join(s.Action, " "), "*", s.Sid)
		if s.Sid != "JoinVpc" && s.Sid != "LeaveInterfaces" {
			require.NotContains(t, s.Resource, "*", s.Sid)
		}
		for _, action := range s.Action {
			written[action] = append(written[action], s.Resource...)
		}
		only[s.Resource[0]] = s.Condition["StringEquals"]["kms:EncryptionContext:SecretARN"]
	}
	for _, action := range []string{"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "secretsmanager:DescribeSecret"} {
		require.Equal(t, []string{"secret-arn"}, written[action])
	}
	require.Equal(t, []string{"secret-arn", adminSecret}, written["secretsmanager:GetSecretValue"])
	require.Equal(t, []string{"secret-arn", adminSecret}, only["key-arn"])
	require.Equal(t, []string{adminSecret}, only["admin-key"])
}

func TestTheRotationFunctionIsToldWhatItMayTouch(t *testing.T) {
	function := rotationOf(t, asMade).One(t, functionType)
	variables := function.Input("environment").(map[string]any)["variables"].(map[string]any)
	settings, err := rotation.ReadSettings(variables[rotation.Variable].(string))
	require.NoError(t, err)
	require.Equal(t, rotation.Settings{User: "cdc_dev_0a1b2c3d", Host: "db.example.internal", Port: 3306, AdminSecret: adminSecret}, settings)
	require.Equal(t, "rotation-logs", function.Input("loggingConfig").(map[string]any)["logGroup"])
}

func TestOnlyForeignCertificatesTravelToTheRotationFunction(t *testing.T) {
	certificates := func(bundle string) (string, error) {
		r, err := tryRotation(func(a *source.RotationArgs) { a.CaBundle = bundle })
		if err != nil {
			return "", err
		}
		variables := r.One(t, functionType).Input("environment").(map[string]any)["variables"].(map[string]any)
		settings, err := rotation.ReadSettings(variables[rotation.Variable].(string))
		return settings.Certificates, err
	}
	own := authority(t)
	for _, c := range []struct{ bundle, want string }{
		{"", ""},
		{source.RDSCertificates(), ""},
		{source.RDSRegionalCertificates("eu-west-1"), ""},
		{"# mine\n" + own + "\ntrailing", own},
	} {
		got, err := certificates(c.bundle)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	_, err := certificates(strings.Repeat(own, 20))
	require.ErrorContains(t, err, "source.caFile: its 20 certificates take")
}

func authority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mine"}, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestAnImpossibleRotationIsRefused(t *testing.T) {
	for want, change := range map[string]func(*source.RotationArgs){
		"source.rotationDays: is 0":             func(a *source.RotationArgs) { a.RotationDays = new(0) },
		"source.rotationDays: 1001":             func(a *source.RotationArgs) { a.RotationDays = new(1001) },
		"User: is missing":                      func(a *source.RotationArgs) { a.User = "" },
		"longer than 26":                        func(a *source.RotationArgs) { a.User = strings.Repeat("u", 27) },
		"Code: is missing":                      func(a *source.RotationArgs) { a.Code = nil },
		"source.Rotation: Database: is missing": func(a *source.RotationArgs) { a.Database = source.Database{} },
	} {
		r, err := tryRotation(change)
		require.ErrorContains(t, err, want)
		require.Empty(t, r.All(functionType))
	}
	_, err := componenttest.Try(func(ctx *pulumi.Context) error { _, err := source.NewRotation(ctx, "x", nil); return err })
	require.ErrorContains(t, err, "source.Rotation")
}

func TestABootstrapsUserCanAlternate(t *testing.T) {
	for _, stack := range []string{"dev", strings.Repeat("a-very-long-stack-name", 3)} {
		require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
			a, err := source.NewAuroraMySQL(ctx, "source", auroraArgs(config.Dev))
			if err != nil {
				return err
			}
			b, err := source.NewBootstrap(ctx, "bootstrap", &source.BootstrapArgs{
				Database: a.Database, SubnetIDs: pulumi.ToStringArray([]string{"subnet-a"}), SecurityGroupID: pulumi.String("sg"), KmsKeyArn: pulumi.String("key"),
				Code: pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")}),
			})
			if err != nil {
				return err
			}
			require.LessOrEqual(t, len(b.ReplicationUser), rotation.MaxUser)
			require.Regexp(t, `^cdc_[a-z0-9_]+_[0-9a-f]{8}$`, b.ReplicationUser)
			return nil
		}, pulumi.WithMocks("project", stack, function{&componenttest.Recorder{}})))
	}
}
