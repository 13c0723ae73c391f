package main

import (
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/operator/status"
	"context"
	"database/sql"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// openDoor keeps the ways to the domain and to the database between two looks.
type openDoor struct {
	*deployment
	connection *connectionFlags
	domain     *status.Domain
	source     *sql.DB
	shut       func() error
}

func (o *openDoor) search(ctx context.Context) (status.Cluster, error) {
	if o.domain == nil {
		domain, err := o.deployment.search(ctx, discard)
		if err != nil {
			return nil, err
		}
		domain.Registry = o.bucket()
		o.domain = domain
	}
	return stayingOpen{o.domain}, nil
}

func (o *openDoor) database(ctx context.Context) (status.Database, error) {
	if o.source == nil {
		db, shut, err := o.connection.open(ctx, discard)
		if err != nil {
			return nil, err
		}
		o.source, o.shut = db, shut
	}
	return sourceStayingOpen{ddl.Database{DB: o.source}}, nil
}

func (o *openDoor) close() {
	if o.domain != nil {
		_ = o.domain.Close()
	}
	if o.shut != nil {
		_ = o.shut()
	}
}

// noteTables keeps what the tables are now that some of them are loaded again.
func (d *deployment) noteTables(ctx context.Context, db *sql.DB) error {
	return status.Sources{
		DMS: dms.NewFromConfig(d.AWS), Kept: ddl.Store{S3: d.s3(), Bucket: d.LakeBucket},
		Database: func(context.Context) (status.Database, error) { return sourceStayingOpen{ddl.Database{DB: db}}, nil },
	}.NoteTables(ctx, d.Outputs)
}

func discard(string, ...any) {}

// stayingOpen is closed with its door.
type stayingOpen struct{ *status.Domain }

func (stayingOpen) Close() error { return nil }

// sourceStayingOpen is closed with its door, too.
type sourceStayingOpen struct{ ddl.Database }

func (sourceStayingOpen) Close() error { return nil }
