// Package mysql prepares a MySQL-compatible database for DMS and finds every reason why DMS could not follow it.
//
// It sets the binary log's retention and makes missing databases, tables and the replication user. It leaves correct
// settings alone, so it can be run again. It does not depend on Pulumi: a Lambda function runs it inside the VPC.
package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	_ "embed"
	"fmt"
)

// Request describes what to prepare. It holds no password, only ARNs of secrets.
type Request struct {
	// Host and Port of the writer.
	Host string `json:"host"`
	Port int    `json:"port"`
	// AdminSecret is the ARN of the secret {"username","password"} of a user who may create users and read variables.
	AdminSecret string `json:"adminSecret"`
	// ReplicationSecret is the ARN of DMS's login secret {"username","password","host","port"}.
	ReplicationSecret string `json:"replicationSecret"`
	// Certificates are the PEM bundle that verifies the server. Empty: that of RDS.
	Certificates string `json:"certificates,omitempty"`
	// BinlogRetentionHours is how long DMS may be away without losing its position.
	BinlogRetentionHours int `json:"binlogRetentionHours"`
	// LobMaxSizeKb is the largest LOB that the DMS task carries, in KB.
	LobMaxSizeKb int `json:"lobMaxSizeKb"`
	// Tables to follow.
	Tables []Table `json:"tables"`
	// Exclude omits tables that a pattern in Tables matches.
	Exclude []Table `json:"exclude,omitempty"`
	// Later are patterns of tables that are followed and made later. Their databases are made and readable, but no
	// table needs to exist.
	Later []Table `json:"later,omitempty"`
	// Canary makes the canary's table ([preparation.Canary]), follows it, and lets the replication user write to it.
	Canary bool `json:"canary,omitempty"`
	// FailOnCascades turns the warning about a foreign key that changes rows of a followed table into a failed check.
	FailOnCascades bool `json:"failOnCascades,omitempty"`
	// AcceptDottedColumns turns the failed check for a column with a dot in its name into a warning.
	AcceptDottedColumns bool `json:"acceptDottedColumns,omitempty"`
	// Columns are the columns in the task's rules.
	Columns []ColumnRule `json:"columns,omitempty"`
	// Schema scripts run in order; each must be idempotent.
	Schema []Script `json:"schema,omitempty"`
	// CheckOnly changes nothing: missing things become findings.
	CheckOnly bool `json:"checkOnly,omitempty"`

	// secretAddress is host:port in the replication user's secret; empty when unknown.
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
// CheckOnly it runs no statement that could write.
//
// The findings are complete even when the error is not nil. The error holds every failed check and every failed step,
// each with what to do. No message contains a password.
func Run(ctx context.Context, db Admin, login Login, user Credentials, req Request) (Findings, error) {
	server, err := identify(ctx, db)
	if err != nil {
		return Findings{}, fmt.Errorf("reading the server's variables: %w", err)
	}
	r := &run{db: db, login: login, user: user, req: req.withCanary(), server: server}
	r.findings.Server = server.version
	r.checkServer()
	if r.findings.Failed(checkWriter) || r.checkSpelling() {
		// Nothing can be written here, or only under other names. Other problems would be consequences of this one.
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

// run is the state of one Run.
type run struct {
	db       Admin
	login    Login
	user     Credentials
	req      Request
	server   server
	findings Findings
	// followed are the request's existing tables with patterns resolved. Tables are listed only for patterns.
	followed []Table
	existing []tableSeen
	// broken are the failed steps.
	broken []error
}

func (r *run) add(f Finding) { r.findings.Add(f) }

func (r *run) broke(err error) { r.broken = append(r.broken, err) }

// rules are the request's lists with their tables.
func (r *run) rules() preparation.Rules {
	return preparation.Rules{Tables: r.req.Tables, Exclude: r.req.Exclude, Columns: r.req.Columns, Followed: r.followed}
}

// ParseSecret is [preparation.ParseSecret].
func ParseSecret(arn, text string) (map[string]any, Credentials, error) {
	return preparation.ParseSecret(arn, text)
}
