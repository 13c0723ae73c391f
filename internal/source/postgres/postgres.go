// Package postgres prepares a PostgreSQL database for DMS and finds every reason why DMS could not follow it.
//
// It creates what is missing (schemas, tables, the replication user, a schema for DMS's heartbeat), gives tables the replica
// identity that they need when it is told to, and changes nothing that is right already, so that running it again is safe. It
// knows no Pulumi: a Lambda function runs it inside the VPC.
package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	_ "embed"
	"fmt"
)

// Request says what to prepare. It holds no password: secrets are named by ARN.
type Request struct {
	// Engine is [Engine]: it tells the function which package the request is for.
	Engine string `json:"engine"`
	// Host and Port of the writer.
	Host string `json:"host"`
	Port int    `json:"port"`
	// DatabaseName is the one database that is followed: a task of DMS follows one.
	DatabaseName string `json:"databaseName"`
	// AdminSecret {"username","password"} is the ARN of the secret of a user who may create roles.
	AdminSecret string `json:"adminSecret"`
	// ReplicationSecret {"username","password","host","port"} is the ARN of the secret DMS logs in with.
	ReplicationSecret string `json:"replicationSecret"`
	// Certificates (PEM) that sign the server's certificate. Empty: those of RDS.
	Certificates string `json:"certificates,omitempty"`
	// LobMaxSizeKb is the largest LOB the DMS task takes.
	LobMaxSizeKb int `json:"lobMaxSizeKb"`
	// Tables to follow; the database of each is its schema.
	Tables []Table `json:"tables"`
	// Exclude leaves tables out that a pattern of Tables takes in.
	Exclude []Table `json:"exclude,omitempty"`
	// Later are patterns of tables that are followed too, and made later: their schemas are made and may be read, and no table
	// needs to be there.
	Later []Table `json:"later,omitempty"`
	// Canary makes the table that a canary writes to ([preparation.Canary]), follows it, and lets the replication user write to it.
	Canary bool `json:"canary,omitempty"`
	// AcceptDottedColumns makes a warning of a column with a dot in its name; otherwise it is a failed check.
	AcceptDottedColumns bool `json:"acceptDottedColumns,omitempty"`
	// SetReplicaIdentity lets the tables that need it be given REPLICA IDENTITY FULL; otherwise it is a failed check that says how.
	SetReplicaIdentity bool `json:"setReplicaIdentity,omitempty"`
	// HeartbeatSchema is where DMS makes the table of its heartbeat, and no pattern takes it in. Default [HeartbeatSchema].
	HeartbeatSchema string `json:"heartbeatSchema,omitempty"`
	// Columns that the task's rules name.
	Columns []ColumnRule `json:"columns,omitempty"`
	// Schema is run in order; each script must be idempotent. A script is one transaction, unless it says otherwise.
	Schema []Script `json:"schema,omitempty"`
	// CheckOnly changes nothing: what is missing is a finding.
	CheckOnly bool `json:"checkOnly,omitempty"`

	// secretAddress is host:port in the replication user's secret; empty when it is not known.
	secretAddress string
}

const (
	// Engine is what a request for this package has as its engine.
	Engine = "postgresql"
	// HeartbeatSchema is the schema of DMS's heartbeat, unless a request names another.
	HeartbeatSchema = "cdc_heartbeat"
)

type (
	// Table is [preparation.Table].
	Table = preparation.Table
	// ColumnRule is [preparation.ColumnRule].
	ColumnRule = preparation.ColumnRule
	// Script is [preparation.Script].
	Script = preparation.Script
	// Status is [preparation.Status].
	Status = preparation.Status
	// Finding is [preparation.Finding].
	Finding = preparation.Finding
	// Findings is [preparation.Findings].
	Findings = preparation.Findings
	// Column is [preparation.Column].
	Column = preparation.Column
	// TableFound is [preparation.TableFound].
	TableFound = preparation.TableFound
	// Problems is [preparation.Problems].
	Problems = preparation.Problems
	// Credentials is [preparation.Credentials].
	Credentials = preparation.Credentials
	// Secrets is [preparation.Secrets].
	Secrets = preparation.Secrets
)

// The results of a check.
const (
	OK            = preparation.OK
	Failed        = preparation.Failed
	Warning       = preparation.Warning
	NotApplicable = preparation.NotApplicable
)

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

// Run prepares the database through db, logs in as the replication user through login, and checks everything. With CheckOnly
// it only checks: the session of db is made read-only first, and login is used for reading alone.
//
// The findings are complete even when the error is not nil; the error holds every failed check and every step that could not
// be done, each with what to do about it. No message holds a password.
func Run(ctx context.Context, db Admin, login Login, user Credentials, req Request) (Findings, error) {
	if req.HeartbeatSchema == "" {
		req.HeartbeatSchema = HeartbeatSchema
	}
	server, err := identify(ctx, db)
	if err != nil {
		return Findings{}, fmt.Errorf("reading the server's settings: %w", err)
	}
	r := &run{db: db, login: login, user: user, req: req.withCanary(), server: server}
	r.findings.Server = server.version
	r.checkServer()
	if r.findings.Failed(checkWriter) || r.findings.Failed(checkVersion) {
		// Nothing can be written here, or not be looked at: whatever else would be found wrong would be a consequence.
		return r.findings, preparation.ProblemsOf(r.broken, r.findings)
	}
	steps := []func(context.Context){
		r.checkSlots, r.checkPrepared, r.createSchemas, r.applySchema, r.makeCanary, r.follow, r.checkTables, r.measureLobs, r.measureKeys, r.ensureUser,
	}
	if req.CheckOnly {
		steps = []func(context.Context){
			r.readOnly, r.checkSlots, r.checkPrepared, r.follow, r.checkTables, r.measureLobs, r.measureKeys, r.checkUser, r.checkAddress,
		}
	}
	for _, step := range steps {
		step(ctx)
	}
	return r.findings, preparation.ProblemsOf(r.broken, r.findings)
}

// run is one Run under way.
type run struct {
	db       Admin
	login    Login
	user     Credentials
	req      Request
	server   server
	findings Findings
	// existing are all tables and views; followed are those of the request, patterns resolved, there or not.
	existing []tableSeen
	followed []Table
	// slot follows this database already; empty when none does.
	slot string
	// steps that could not be done.
	broken []error
}

func (r *run) add(f Finding) { r.findings.Add(f) }

func (r *run) broke(err error) { r.broken = append(r.broken, err) }

// rules are the request's lists, and the tables behind them.
func (r *run) rules() preparation.Rules {
	return preparation.Rules{Tables: r.req.Tables, Exclude: r.req.Exclude, Columns: r.req.Columns, Followed: r.followed}
}

// readOnly makes the server refuse whatever would change something.
func (r *run) readOnly(ctx context.Context) {
	if err := r.db.Exec(ctx, "SET default_transaction_read_only = on"); err != nil {
		r.broke(fmt.Errorf("making the session read-only: %w", err))
	}
}
