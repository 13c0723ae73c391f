package world

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/stores"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// Database is one that rows are written to.
type Database struct {
	*stores.MariaDB

	// MasterSecretArn names the secret of its master user, once a cluster was made on its port.
	MasterSecretArn string
}

// StartDatabase starts a database beside those that run; the name is empty for the first. It ends with the world.
func (w *World) StartDatabase(ctx context.Context, name string) (*Database, error) {
	server, err := w.Site.StartMariaDB(ctx, stores.MariaDBOptions{Name: name})
	if err != nil {
		return nil, fmt.Errorf("starting the database %s: %w", name, err)
	}
	d := &Database{MariaDB: server}
	w.databases = append(w.databases, d)
	return d, nil
}

// applyMaster gives each database the master user that RDS would: with the password of the secret that it manages. A cluster and its database
// are told by their port.
func (w *World) applyMaster(ctx context.Context, _ *controlplane.Call) error {
	out, err := rds.NewFromConfig(w.Account.Config()).DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})
	if err != nil {
		return fmt.Errorf("reading the clusters: %w", err)
	}
	for _, cluster := range out.DBClusters {
		for _, d := range w.databases {
			if cluster.MasterUserSecret == nil || int(aws.ToInt32(cluster.Port)) != d.Port {
				continue
			}
			d.MasterSecretArn = aws.ToString(cluster.MasterUserSecret.SecretArn)
			user, password, err := w.Credentials(ctx, d.MasterSecretArn)
			if err != nil {
				return err
			}
			if err := d.ApplyMaster(ctx, user, password); err != nil {
				return fmt.Errorf("making the master user: %w", err)
			}
		}
	}
	return nil
}
