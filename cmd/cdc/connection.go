package main

import (
	"cdcpipeline/generate"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/spf13/pflag"
)

// passwordVariable holds the password for --user. There is no flag for it: a command line is no place for a secret.
const passwordVariable = "CDC_DB_PASSWORD"

// connectionFlags say how to reach the database: by address, or by the outputs of a stack.
type connectionFlags struct {
	host      string
	port      int
	secretArn string
	user      string
	caFile    string
	stack     stackFlags
}

func (f *connectionFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.host, "host", "", "host of the database's writer (default: the stack's output sourceHost)")
	flags.IntVar(&f.port, "port", 0, "port of the database (default: the stack's output sourcePort, or 3306)")
	flags.StringVar(&f.secretArn, "secret-arn", "", "ARN of the Secrets Manager secret with username and password (default: the stack's output sourceSecretArn)")
	flags.StringVar(&f.user, "user", "", "user, with the password in "+passwordVariable+", instead of a secret")
	flags.StringVar(&f.caFile, "ca", "", "file of certificates (PEM) that the database's certificate is verified with (default: the system's)")
	flags.StringVar(&f.stack.name, "stack", "", "stack whose outputs name the database (default: the selected one)")
	flags.StringVar(&f.stack.dir, "dir", ".", "directory of the Pulumi project")
}

// validate refuses flags that contradict each other.
func (f *connectionFlags) validate() error {
	var problems []error
	if f.user != "" && f.secretArn != "" {
		problems = append(problems, errors.New("--user and --secret-arn: give one of them"))
	}
	if f.user != "" && os.Getenv(passwordVariable) == "" {
		problems = append(problems, fmt.Errorf("--user: put the password into the environment variable %s", passwordVariable))
	}
	if f.host != "" && f.user == "" && f.secretArn == "" {
		problems = append(problems, errors.New("--host: give --secret-arn or --user too"))
	}
	if f.host != "" && f.stack.name != "" {
		problems = append(problems, errors.New("--host and --stack: give one of them"))
	}
	if f.port < 0 || f.port > 65535 {
		problems = append(problems, fmt.Errorf("--port: must be 1 to 65535, is %d", f.port))
	}
	if f.secretArn != "" && !arn.IsARN(f.secretArn) {
		problems = append(problems, fmt.Errorf("--secret-arn: %q is not an ARN", f.secretArn))
	}
	return errors.Join(problems...)
}

// resolve finds address, user, password and trust. A flag wins over the stack's output.
func (f *connectionFlags) resolve(ctx context.Context) (generate.Connection, error) {
	c := generate.Connection{Host: f.host, Port: f.port, User: f.user, Password: os.Getenv(passwordVariable)}
	secretArn := f.secretArn
	if f.host == "" {
		o, err := f.stack.outputs(ctx)
		if err != nil {
			return generate.Connection{}, err
		}
		c.Host, c.Port = o.SourceHost, cmp.Or(f.port, o.SourcePort)
		secretArn = cmp.Or(secretArn, o.SourceSecretArn)
	}
	var err error
	if c.TLS, err = trust(f.caFile, c.Host); err != nil {
		return generate.Connection{}, err
	}
	if f.user == "" {
		if c.User, c.Password, err = readSecret(ctx, secretArn); err != nil {
			return generate.Connection{}, fmt.Errorf("reading the secret %s: %w", secretArn, err)
		}
	}
	return c, nil
}

// trust verifies the database's certificate and host name.
func trust(caFile, host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caFile == "" {
		return c, nil
	}
	bundle, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("--ca: %s holds no certificate in PEM form", caFile)
	}
	return c, nil
}

// readSecret uses the usual AWS configuration, AWS_ENDPOINT_URL included, in the secret's region.
func readSecret(ctx context.Context, secretArn string) (user, password string, err error) {
	parsed, err := arn.Parse(secretArn)
	if err != nil {
		return "", "", fmt.Errorf("parsing its ARN: %w", err)
	}
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(parsed.Region))
	if err != nil {
		return "", "", fmt.Errorf("loading the AWS configuration: %w", err)
	}
	answer, err := secretsmanager.NewFromConfig(settings).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretArn})
	if err != nil {
		return "", "", fmt.Errorf("%w (credentials need secretsmanager:GetSecretValue on it, and kms:Decrypt on its key)", err)
	}
	if answer.SecretString == nil {
		return "", "", errors.New("it holds bytes, not the JSON object with username and password that RDS writes")
	}
	return parseSecret(*answer.SecretString)
}

// parseSecret reads the shape in which RDS keeps its users. What the secret holds is in no error.
func parseSecret(s string) (user, password string, err error) {
	var secret struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if json.Unmarshal([]byte(s), &secret) != nil || secret.Username == "" || secret.Password == "" {
		return "", "", errors.New(`it is not a JSON object with "username" and "password"`)
	}
	return secret.Username, secret.Password, nil
}
