package main

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/source/mysql/rdsca"
	"cdcpipeline/internal/tunnel"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/spf13/pflag"
)

// passwordVariable holds the password for --user. There is no flag for it, because other users can see a command line.
const passwordVariable = "CDC_DB_PASSWORD"

// connectionFlags select how to reach the database: by an address, or by the outputs of a stack.
type connectionFlags struct {
	host      string
	port      int
	engine    string
	database  string
	direct    bool
	secretArn string
	user      string
	caFile    string
	stack     *stackFlags
	// known is the source's deployment if it was already read. If nil, it is read from the stack.
	known *deployment
}

func (f *connectionFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.host, "host", "", "host name of the database's writer (default: the stack's output sourceHost)")
	flags.IntVar(&f.port, "port", 0, "port of the database (default: the stack's output sourcePort, else 3306 for MySQL, 5432 for PostgreSQL)")
	flags.StringVar(&f.engine, "engine", "", "engine of the database at --host: mysql or postgresql (default: mysql)")
	flags.StringVar(&f.database, "database", "", "name of the PostgreSQL database at --host")
	flags.BoolVar(&f.direct, "direct", false, "connect without the stack's bastion (default if the stack has none)")
	flags.StringVar(&f.secretArn, "secret-arn", "", "ARN of the Secrets Manager secret with user name and password (default: the stack's output sourceSecretArn)")
	flags.StringVar(&f.user, "user", "", "database user to take instead of a secret; put the password into "+passwordVariable+", instead of a secret")
	flags.StringVar(&f.caFile, "ca", "", "file of CA certificates (PEM) that verify the database's certificate (default: those of the system and of RDS)")
}

// validate refuses flags that contradict each other.
func (f *connectionFlags) validate() error {
	var problems []error
	if f.user != "" && f.secretArn != "" {
		problems = append(problems, errors.New("--user and --secret-arn: give only one of them"))
	}
	if f.user != "" && os.Getenv(passwordVariable) == "" {
		problems = append(problems, fmt.Errorf("--user: put the password into the environment variable %s", passwordVariable))
	}
	if f.host != "" && f.user == "" && f.secretArn == "" {
		problems = append(problems, errors.New("--host: give --secret-arn or --user too"))
	}
	engine, err := schema.ParseEngine(f.engine)
	switch postgres := engine == schema.PostgreSQL; {
	case err != nil:
		problems = append(problems, fmt.Errorf("--%w", err))
	case f.host == "" && f.engine+f.database != "":
		problems = append(problems, errors.New("--engine and --database: give them only with --host; the stack's outputs describe its own database"))
	case postgres && f.database == "":
		problems = append(problems, errors.New("--database: name the database to connect to; a PostgreSQL connection reaches only one"))
	case f.host != "" && !postgres && f.database != "":
		problems = append(problems, errors.New("--database: give it only with --engine postgresql; the name of a MySQL table includes its database"))
	}
	if f.port < 0 || f.port > 65535 {
		problems = append(problems, fmt.Errorf("--port: must be 1 to 65535, is %d", f.port))
	}
	if f.secretArn != "" && !arn.IsARN(f.secretArn) {
		problems = append(problems, fmt.Errorf("--secret-arn: %q is not an ARN", f.secretArn))
	}
	return errors.Join(problems...)
}

// resolved is a connection with the function that closes its tunnel, if it has one.
type resolved struct {
	schema.Connection
	Close func() error
}

// resolve finds the address, user, password and trusted certificates, and opens the tunnel. A flag overrides the
// stack's output.
func (f *connectionFlags) resolve(ctx context.Context, tell func(string, ...any)) (*resolved, error) {
	if f.host == "" {
		return f.ofStack(ctx, tell)
	}
	engine, err := schema.ParseEngine(f.engine)
	if err != nil {
		return nil, fmt.Errorf("--%w", err)
	}
	r := &resolved{schema.Connection{
		Engine: engine, Host: f.host, Port: f.port, Database: f.database, User: f.user, Password: os.Getenv(passwordVariable),
	}, closed}
	if r.TLS, err = trust(f.caFile, f.host); err != nil || f.user != "" {
		return r, err
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	return r, r.readLogin(ctx, settings, f.secretArn)
}

func (f *connectionFlags) ofStack(ctx context.Context, tell func(string, ...any)) (*resolved, error) {
	o, err := f.outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w; or give --host, --port and --secret-arn", err)
	}
	engine, err := schema.ParseEngine(o.SourceEngine)
	if err != nil {
		return nil, fmt.Errorf("the stack's output sourceEngine: %w", err)
	}
	port := cmp.Or(f.port, o.SourcePort, engine.Port())
	r := &resolved{schema.Connection{
		Engine: engine, Host: o.SourceHost, Port: port, Database: o.SourceDatabase, User: f.user, Password: os.Getenv(passwordVariable),
	}, closed}
	if r.TLS, err = trust(f.caFile, o.SourceHost); err != nil {
		return nil, err
	}
	through := o.Tunnelled() && !f.direct
	if f.user != "" && !through {
		return r, nil // no call to AWS follows
	}
	d := f.known
	if d == nil {
		if d, err = f.stack.account(ctx, o); err != nil {
			return nil, err
		}
	}
	if f.user == "" {
		if err := r.readLogin(ctx, d.AWS, cmp.Or(f.secretArn, o.SourceSecretArn)); err != nil {
			return nil, err
		}
	}
	if through {
		t, err := d.tunnel(ctx, "127.0.0.1:0", tunnel.Target{Host: o.SourceHost, Port: port}, tell)
		if err != nil {
			return nil, fmt.Errorf("%w (to connect without the tunnel, give --direct)", err)
		}
		r.Host, r.Port, r.Close = t.Addr().IP.String(), t.Addr().Port, t.Close
	}
	return r, nil
}

// outputs returns the source's outputs. It requires only those that no flag replaces.
func (f *connectionFlags) outputs(ctx context.Context) (outputs.Outputs, error) {
	needed := func(o *outputs.Outputs) []any {
		if f.user == "" && f.secretArn == "" {
			return []any{&o.SourceHost, &o.SourceSecretArn}
		}
		return []any{&o.SourceHost}
	}
	if f.known != nil {
		return f.known.Outputs, f.known.Require(needed)
	}
	return f.stack.outputs(ctx, needed)
}

// one reports whether the flags name one database. Without a name they only say how to reach the database.
func (f *connectionFlags) one() bool {
	return f.host != "" || f.port != 0 || f.secretArn != "" || f.user != ""
}

// open opens the database.
func (f *connectionFlags) open(ctx context.Context, tell func(string, ...any)) (db *sql.DB, shut func() error, err error) {
	connection, err := f.resolve(ctx, tell)
	if err != nil {
		return nil, nil, err
	}
	if db, err = schema.Open(ctx, connection.Connection); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%w; check --host, --port, --direct, --user, --secret-arn and --ca", err), connection.Close())
	}
	return db, func() error { return errors.Join(db.Close(), connection.Close()) }, nil
}

func closed() error { return nil }

// readLogin reads the secret in the secret's own region.
func (r *resolved) readLogin(ctx context.Context, settings aws.Config, secretArn string) error {
	parsed, err := arn.Parse(secretArn)
	if err != nil {
		return fmt.Errorf("the secret %q: %w", secretArn, err)
	}
	client := secretsmanager.NewFromConfig(settings, func(o *secretsmanager.Options) { o.Region = parsed.Region })
	login, err := status.ReadLogin(ctx, client, secretArn)
	r.User, r.Password = login.User, login.Password
	return err
}

// trust returns TLS settings that verify the database's certificate and host name. It trusts the certificates of a file
// if there is one. Otherwise it trusts the system's certificates and those of RDS, which no system includes.
func trust(caFile, host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caFile == "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("reading the system's certificates: %w; give a file of certificates with --ca", err)
		}
		roots.AppendCertsFromPEM([]byte(rdsca.Certificates()))
		c.RootCAs = roots
		return c, nil
	}
	bundle, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("--ca: %s contains no PEM certificate", caFile)
	}
	return c, nil
}
