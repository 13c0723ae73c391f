package main

import (
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/operator/status"
	"context"
	"database/sql"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// openDoor keeps the ways to what is searched and to the database between two looks.
type openDoor struct {
	*deployment
	connection *connectionFlags
	searched   *status.Search
	source     *sql.DB
	shut       func() error
}

func (o *openDoor) search(ctx context.Context) (status.Cluster, error) {
	if o.searched == nil {
		search, err := o.deployment.search(ctx, discard)
		if err != nil {
			return nil, err
		}
		search.Registry = o.registry(search.Current)
		o.searched = search
	}
	return stayingOpen{o.searched}, nil
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
	if o.searched != nil {
		_ = o.searched.Close()
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
type stayingOpen struct{ *status.Search }

func (stayingOpen) Close() error { return nil }

// sourceStayingOpen is closed with its door, too.
type sourceStayingOpen struct{ ddl.Database }

func (sourceStayingOpen) Close() error { return nil }
