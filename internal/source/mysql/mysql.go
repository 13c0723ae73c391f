// Package mysql prepares a MySQL-compatible database for DMS and finds every reason why DMS could not follow it.
//
// It sets the binary log's retention, creates what is missing (databases, tables, the replication user) and
// changes nothing that is right already, so that running it again is safe. It knows no Pulumi: a Lambda function
// runs it inside the VPC.
package mysql

import (
	"cdcpipeline/internal/source/preparation"
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
	// Exclude leaves tables out that a pattern of Tables takes in.
	Exclude []Table `json:"exclude,omitempty"`
	// Later are patterns of tables that are followed too, and made later: their databases are made and may be read, and no
	// table needs to be there.
	Later []Table `json:"later,omitempty"`
	// Canary makes the table that a canary writes to ([preparation.Canary]), follows it, and lets the replication user write to it.
	Canary bool `json:"canary,omitempty"`
	// FailOnCascades makes a failed check of a foreign key that changes rows of a followed table by itself; otherwise it is a
	// warning.
	FailOnCascades bool `json:"failOnCascades,omitempty"`
	// AcceptDottedColumns makes a warning of a column with a dot in its name; otherwise it is a failed check.
	AcceptDottedColumns bool `json:"acceptDottedColumns,omitempty"`
	// Columns that the task's rules name.
	Columns []ColumnRule `json:"columns,omitempty"`
	// Schema is run in order; each script must be idempotent.
	Schema []Script `json:"schema,omitempty"`
	// CheckOnly changes nothing: what is missing is a finding.
	CheckOnly bool `json:"checkOnly,omitempty"`

	// secretAddress is host:port in the replication user's secret; empty when it is not known.
	secretAddress string
}

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

// Run prepares the database through db, logs in as the replication user through login, and checks everything. With
// CheckOnly it only checks: nothing is written, and no statement is run that could.
//
// The findings are complete even when the error is not nil; the error holds every failed check and every step
// that could not be done, each with what to do about it. No message holds a password.
func Run(ctx context.Context, db Admin, login Login, user Credentials, req Request) (Findings, error) {
	server, err := identify(ctx, db)
	if err != nil {
		return Findings{}, fmt.Errorf("reading the server's variables: %w", err)
	}
	r := &run{db: db, login: login, user: user, req: req.withCanary(), server: server}
	r.findings.Server = server.version
	r.checkServer()
	if r.findings.Failed(checkWriter) || r.checkSpelling() {
		// Nothing can be written here, or it would be written under other names: whatever else would be found wrong would be
		// a consequence.
		return r.findings, preparation.ProblemsOf(r.broken, r.findings)
	}
	r.checkBinaryLogs(ctx)
	r.checkTransactions(ctx)
	steps := []func(context.Context){
		r.setRetention, r.createDatabases, r.applySchema, r.makeCanary, r.follow, r.checkTables, r.measureLobs, r.measureKeys, r.ensureUser,
	}
	if req.CheckOnly {
		steps = []func(context.Context){r.checkRetention, r.follow, r.checkTables, r.measureLobs, r.measureKeys, r.checkUser, r.checkAddress}
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
	// followed are the tables of the request, patterns resolved, of all that exist; these are listed for patterns only.
	followed []Table
	existing []tableSeen
	// steps that could not be done.
	broken []error
}

func (r *run) add(f Finding) { r.findings.Add(f) }

func (r *run) broke(err error) { r.broken = append(r.broken, err) }

// rules are the request's lists, and the tables behind them.
func (r *run) rules() preparation.Rules {
	return preparation.Rules{Tables: r.req.Tables, Exclude: r.req.Exclude, Columns: r.req.Columns, Followed: r.followed}
}

// ParseSecret is [preparation.ParseSecret].
func ParseSecret(arn, text string) (map[string]any, Credentials, error) {
	return preparation.ParseSecret(arn, text)
}
