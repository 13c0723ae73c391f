// Package postgres prepares a PostgreSQL database for DMS and finds every reason why DMS could not follow it.
//
// It makes missing schemas, tables, the replication user and a schema for DMS's heartbeat. If it is allowed to, it
// sets the replica identity that tables need. It leaves correct settings alone, so it can be run again. It does not
// depend on Pulumi: a Lambda function runs it inside the VPC.
package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	_ "embed"
	"fmt"
)

// Request describes what to prepare. It holds no password, only ARNs of secrets.
type Request struct {
	// Engine is [Engine]. It tells the function that the request is for this package.
	Engine string `json:"engine"`
	// Host and Port of the writer.
	Host string `json:"host"`
	Port int    `json:"port"`
	// DatabaseName is the followed database, because a DMS task follows only one.
	DatabaseName string `json:"databaseName"`
	// AdminSecret is the ARN of the secret {"username","password"} of a user who may create roles.
	AdminSecret string `json:"adminSecret"`
	// ReplicationSecret is the ARN of DMS's login secret {"username","password","host","port"}.
	ReplicationSecret string `json:"replicationSecret"`
	// Certificates are the PEM bundle that verifies the server. Empty: that of RDS.
	Certificates string `json:"certificates,omitempty"`
	// LobMaxSizeKb is the largest LOB that the DMS task carries, in KB.
	LobMaxSizeKb int `json:"lobMaxSizeKb"`
	// Tables to follow; each table's database is its schema.
	Tables []Table `json:"tables"`
	// Exclude omits tables that a pattern in Tables matches.
	Exclude []Table `json:"exclude,omitempty"`
	// Later are patterns of tables that are followed and made later. Their schemas are made and readable, but no
	// table needs to exist.
	Later []Table `json:"later,omitempty"`
	// Canary makes the canary's table ([preparation.Canary]), follows it, and lets the replication user write to it.
	Canary bool `json:"canary,omitempty"`
	// AcceptDottedColumns turns the failed check for a column with a dot in its name into a warning.
	AcceptDottedColumns bool `json:"acceptDottedColumns,omitempty"`
	// SetReplicaIdentity allows setting REPLICA IDENTITY FULL on tables that need it. Otherwise a failed check says
	// how to do it.
	SetReplicaIdentity bool `json:"setReplicaIdentity,omitempty"`
	// HeartbeatSchema is where DMS makes its heartbeat table; patterns do not match it. Default [HeartbeatSchema].
	HeartbeatSchema string `json:"heartbeatSchema,omitempty"`
	// Columns are the columns in the task's rules.
	Columns []ColumnRule `json:"columns,omitempty"`
	// Schema scripts run in order; each must be idempotent. A script is one transaction, unless it says otherwise.
	Schema []Script `json:"schema,omitempty"`
	// CheckOnly changes nothing: missing things become findings.
	CheckOnly bool `json:"checkOnly,omitempty"`

	// secretAddress is host:port in the replication user's secret; empty when unknown.
	secretAddress string
}

const (
	// Engine is the engine in requests for this package.
	Engine = "postgresql"
	// HeartbeatSchema is the default schema of DMS's heartbeat.
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

// DefaultSchema makes testdb.retail_trans when it is followed, and nothing else.
func DefaultSchema(tables []Table) []Script {
	for _, t := range tables {
		if t == RetailTrans {
			return []Script{{Name: "retail_trans.sql", SQL: retailTrans}}
		}
	}
	return nil
}

// Run prepares the database through db, logs in as the replication user through login, and checks everything. With
// CheckOnly it first makes db's session read-only, and uses login only for reading.
//
// The findings are complete even when the error is not nil. The error holds every failed check and every failed step,
// each with what to do. No message contains a password.
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
		// Nothing can be written or read here. Other problems would be consequences of this one.
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

// run is the state of one Run.
type run struct {
	db       Admin
	login    Login
	user     Credentials
	req      Request
	server   server
	findings Findings
	// existing are all tables and views. followed are the request's tables with patterns resolved, whether they exist
	// or not.
	existing []tableSeen
	followed []Table
	// slot already follows this database; empty when none does.
	slot string
	// broken are the failed steps.
	broken []error
}

func (r *run) add(f Finding) { r.findings.Add(f) }

func (r *run) broke(err error) { r.broken = append(r.broken, err) }

// rules are the request's lists with their tables.
func (r *run) rules() preparation.Rules {
	return preparation.Rules{Tables: r.req.Tables, Exclude: r.req.Exclude, Columns: r.req.Columns, Followed: r.followed}
}

// readOnly makes the server refuse all changes.
func (r *run) readOnly(ctx context.Context) {
	if err := r.db.Exec(ctx, "SET default_transaction_read_only = on"); err != nil {
		r.broke(fmt.Errorf("making the session read-only: %w", err))
	}
}
