// Package bootstrap prepares a MySQL-compatible database for DMS and finds every reason why DMS could not follow it.
//
// It sets the binary log's retention, creates what is missing (databases, tables, the replication user) and
// changes nothing that is right already, so that running it again is safe. It knows no Pulumi: a Lambda function
// runs it inside the VPC.
package bootstrap

import (
	"context"
	_ "embed"
	"fmt"
)

// Request says what to prepare. It holds no password: secrets are named by ARN.
type Request struct {
	// Host and Port of the writer.
	Host string `json:"host"`
	Port int    `json:"port"`
	// AdminSecret {"username","password"} is the ARN of the secret of a user who may create users and read variables.
	AdminSecret string `json:"adminSecret"`
	// ReplicationSecret {"username","password","host","port"} is the ARN of the secret DMS logs in with.
	ReplicationSecret string `json:"replicationSecret"`
	// Certificates (PEM) that sign the server's certificate. Empty: those of RDS.
	Certificates string `json:"certificates,omitempty"`
	// BinlogRetentionHours DMS may be away without losing its place.
	BinlogRetentionHours int `json:"binlogRetentionHours"`
	// LobMaxSizeKb is the largest LOB the DMS task takes.
	LobMaxSizeKb int `json:"lobMaxSizeKb"`
	// Tables to follow.
	Tables []Table `json:"tables"`
	// Schema is run in order; each script must be idempotent.
	Schema []Script `json:"schema,omitempty"`
}

// Table names a table to follow.
type Table struct {
	Database string `json:"database"`
	Table    string `json:"table"`
}

// String is database.table.
func (t Table) String() string { return t.Database + "." + t.Table }

// Script is SQL with a name for messages.
type Script struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// RetailTrans is the table that [DefaultSchema] creates.
var RetailTrans = Table{Database: "testdb", Table: "retail_trans"}

//go:embed schema/retail_trans.sql
var retailTrans string

// DefaultSchema creates testdb.retail_trans when that table is among those followed, and nothing else.
func DefaultSchema(tables []Table) []Script {
	for _, t := range tables {
		if t == RetailTrans {
			return []Script{{Name: "retail_trans.sql", SQL: retailTrans}}
		}
	}
	return nil
}

// Run prepares the database through db, logs in as the replication user through login, and checks everything.
//
// The findings are complete even when the error is not nil; the error holds every failed check and every step
// that could not be done, each with what to do about it. No message holds a password.
func Run(ctx context.Context, db Admin, login Login, user Credentials, req Request) (Findings, error) {
	server, err := identify(ctx, db)
	if err != nil {
		return Findings{}, fmt.Errorf("reading the server's variables: %w", err)
	}
	r := &run{db: db, login: login, user: user, req: req, server: server}
	r.findings.Server = server.version
	r.checkServer()
	if r.findings.failed(checkWriter) {
		// Nothing can be written here, so whatever else would be found wrong would be a consequence.
		return r.findings, r.problems()
	}
	for _, step := range []func(context.Context){
		r.setRetention, r.createDatabases, r.applySchema, r.checkTables, r.measureLobs, r.ensureUser,
	} {
		step(ctx)
	}
	return r.findings, r.problems()
}

// run is one Run under way.
type run struct {
	db       Admin
	login    Login
	user     Credentials
	req      Request
	server   server
	findings Findings
	// steps that could not be done.
	broken []error
}

func (r *run) add(f Finding) { r.findings.Checks = append(r.findings.Checks, f) }

func (r *run) broke(err error) { r.broken = append(r.broken, err) }
