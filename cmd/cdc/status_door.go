package main

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/operator/slot"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// openDoor keeps the connections to the search and to the databases open between two looks.
type openDoor struct {
	*deployment
	searched *status.Search
	sources  []*openSource
}

// openSource keeps the connection to one source's database.
type openSource struct {
	connection connectionFlags
	db         *sql.DB
	shut       func() error
}

func (o *openDoor) search(ctx context.Context) (status.Cluster, error) {
	if o.searched == nil {
		search, err := o.deployment.search(ctx, discard)
		if err != nil {
			return nil, err
		}
		o.searched = search
	}
	return stayingOpen{o.searched}, nil
}

// source returns one source of the stack for a status. The status reads its database only if there is a connection to
// it.
func (o *openDoor) source(of outputs.Outputs, connection *connectionFlags, accept []string) status.Source {
	d := *o.deployment
	d.Outputs = of
	s := status.Source{Outputs: of, Registry: d.registry(opensearch.Client{}), Kept: d.ddl(), Accept: accept}
	if d.TablesJob != "" {
		kept := d.keptTables()
		s.LakeTables = &status.LakeTables{Job: kept.Job, State: kept.state}
	}
	if connection != nil {
		way := &openSource{connection: *connection}
		way.connection.known = &d
		o.sources = append(o.sources, way)
		s.Database = way.database
	}
	return s
}

func (s *openSource) database(ctx context.Context) (status.Database, error) {
	if s.db == nil {
		db, shut, err := s.connection.open(ctx, discard)
		if err != nil {
			return nil, err
		}
		s.db, s.shut = db, shut
	}
	return sourceStayingOpen{ddl.Database{DB: s.db}}, nil
}

func (o *openDoor) close() {
	if o.searched != nil {
		_ = o.searched.Close()
	}
	for _, s := range o.sources {
		if s.shut != nil {
			_ = s.shut()
		}
	}
}

// noteTables stores the definitions of the named tables, or of all, after they were loaded again. Without a database it
// stores only that they were loaded.
func (d *deployment) noteTables(ctx context.Context, db *sql.DB, names []table.Name) error {
	source := status.Source{Outputs: d.Outputs, Kept: d.ddl()}
	if db == nil {
		return source.NoteLoads(ctx, dms.NewFromConfig(d.AWS), names)
	}
	source.Database = func(context.Context) (status.Database, error) { return sourceStayingOpen{ddl.Database{DB: db}}, nil }
	return source.NoteTables(ctx, dms.NewFromConfig(d.AWS))
}

// ddl returns the store of the source's table definitions.
func (d *deployment) ddl() ddl.Store {
	return ddl.Store{S3: d.s3(), Bucket: d.LakeBucket, Source: d.Source}
}

func discard(string, ...any) {}

// stayingOpen ignores Close. The door closes the search.
type stayingOpen struct{ *status.Search }

func (stayingOpen) Close() error { return nil }

// sourceStayingOpen ignores Close. The door closes the database.
type sourceStayingOpen struct{ ddl.Database }

func (s sourceStayingOpen) Slots(ctx context.Context) ([]slot.Slot, error) {
	return slot.Read(ctx, s.DB) //nolint:wrapcheck // the error says what was read
}

func (sourceStayingOpen) Close() error { return nil }
