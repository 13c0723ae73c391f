package world

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Server is a database server of any engine.
type Server interface {
	// Root is the rehearsal's own connection.
	Root() *sql.DB
	ApplyMaster(ctx context.Context, user, password string) error
	Disconnect(ctx context.Context, user string) (int, error)
	Crash(ctx context.Context, down time.Duration) error
	Stop()
	Done() <-chan struct{}
	Err() error
}

// Database is a database to which rows are written.
type Database struct {
	Server
	// Host and Port on which it listens.
	Host string
	Port int
	// Client is the command of a MariaDB client without options; empty for PostgreSQL.
	Client string
	// Postgres is the server when it is PostgreSQL; otherwise nil.
	Postgres *stores.Postgres

	// MasterSecretArn names the master user's secret, once a cluster was made on its port.
	MasterSecretArn string

	cluster string // its identifier, once it was made
}

// all are the running databases.
func (w *World) all() []*Database {
	w.known.Lock()
	defer w.known.Unlock()
	return slices.Clone(w.databases)
}

func (w *World) add(d *Database) {
	w.known.Lock()
	defer w.known.Unlock()
	w.databases = append(w.databases, d)
}

// StartDatabase starts a MariaDB beside the running databases; the name is empty for the first. It ends with the
// world.
func (w *World) StartDatabase(ctx context.Context, name string) (*Database, error) {
	server, err := w.Site.StartMariaDB(ctx, stores.MariaDBOptions{Name: name})
	if err != nil {
		return nil, fmt.Errorf("starting the database %s: %w", name, err)
	}
	d := &Database{Server: server, Host: server.Host, Port: server.Port, Client: server.Client}
	w.add(d)
	return d, nil
}

// StartPostgres is StartDatabase for PostgreSQL. It makes the database, and Root connects to it.
func (w *World) StartPostgres(ctx context.Context, name, database string) (*Database, error) {
	server, err := w.Site.StartPostgres(ctx, stores.PostgresOptions{Name: name, Database: database})
	if err != nil {
		return nil, fmt.Errorf("starting the database %s: %w", name, err)
	}
	d := &Database{Server: server, Host: server.Host, Port: server.Port, Postgres: server}
	w.add(d)
	return d, nil
}

// applyMaster gives each database the master user that RDS would make, with the password of the managed secret. The
// port identifies a cluster's database.
func (w *World) applyMaster(ctx context.Context, _ *controlplane.Call) error {
	client := rds.NewFromConfig(w.Account.Config())
	out, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
	if err != nil {
		return fmt.Errorf("reading the clusters: %w", err)
	}
	for _, cluster := range out.DBClusters {
		for _, d := range w.all() {
			if cluster.MasterUserSecret == nil || int(aws.ToInt32(cluster.Port)) != d.Port {
				continue
			}
			w.known.Lock()
			d.cluster = aws.ToString(cluster.DBClusterIdentifier)
			w.known.Unlock()
			d.MasterSecretArn = aws.ToString(cluster.MasterUserSecret.SecretArn)
			user, password, err := w.Credentials(ctx, d.MasterSecretArn)
			if err != nil {
				return err
			}
			if err := d.ApplyMaster(ctx, user, password); err != nil {
				return fmt.Errorf("making the master user: %w", err)
			}
			if d.Postgres == nil {
				continue
			}
			if err := d.asDeclared(ctx, client, &cluster, user); err != nil {
				return err
			}
		}
	}
	return nil
}

// asDeclared makes the database that a PostgreSQL cluster declares, owned by its master user, and applies the
// settings of its parameter group.
func (d *Database) asDeclared(ctx context.Context, client *rds.Client, cluster *types.DBCluster, owner string) error {
	if name := aws.ToString(cluster.DatabaseName); name != "" {
		if err := d.Postgres.Make(ctx, name, owner); err != nil {
			return fmt.Errorf("making the database of the cluster: %w", err)
		}
	}
	group := aws.ToString(cluster.DBClusterParameterGroup)
	if strings.HasPrefix(group, "default.") {
		return nil
	}
	out, err := client.DescribeDBClusterParameters(ctx, &rds.DescribeDBClusterParametersInput{DBClusterParameterGroupName: &group, Source: aws.String("user")})
	if err != nil {
		return fmt.Errorf("reading the parameter group %s: %w", group, err)
	}
	settings := map[string]string{}
	for _, p := range out.Parameters {
		settings[aws.ToString(p.ParameterName)] = aws.ToString(p.ParameterValue)
	}
	if err := d.Postgres.Set(ctx, settings); err != nil {
		return fmt.Errorf("taking on the parameter group %s: %w", group, err)
	}
	return nil
}

// LogsKept is how many bytes of log slots keep in each PostgreSQL cluster, by the cluster's identifier. The error
// lists clusters that do not answer.
func (w *World) LogsKept(ctx context.Context) (map[string]int64, error) {
	kept := map[string]int64{}
	var problems []error
	for _, d := range w.all() {
		w.known.Lock()
		cluster := d.cluster
		w.known.Unlock()
		if d.Postgres == nil || cluster == "" {
			continue
		}
		bytes, err := d.Postgres.LogKept(ctx)
		if err != nil {
			problems = append(problems, fmt.Errorf("the database of %s: %w", cluster, err))
			continue
		}
		kept[cluster] = bytes
	}
	return kept, errors.Join(problems...)
}
