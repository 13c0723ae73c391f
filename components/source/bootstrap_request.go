package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/mysql"
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/source/preparation"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// access is the database's address and login.
type access struct {
	host                           string
	port                           int
	adminSecret, replicationSecret string
}

// request is the function's input: a mysql.Request or a postgres.Request.
func (p *bootstrapPlan) request(at access) any {
	certificates := p.CaBundle
	if certificates == RDSCertificates() {
		certificates = "" // the function contains them, and a short input is easier to read in a preview
	}
	if p.PostgreSQL() {
		return postgres.Request{
			Engine:              postgres.Engine,
			Host:                at.host,
			Port:                at.port,
			DatabaseName:        p.DatabaseName,
			AdminSecret:         at.adminSecret,
			ReplicationSecret:   at.replicationSecret,
			Certificates:        certificates,
			LobMaxSizeKb:        p.LobMaxSizeKb,
			Tables:              p.followed(),
			Exclude:             p.excluded(),
			Later:               p.later(),
			Columns:             p.columnRules(),
			Schema:              p.schema,
			CheckOnly:           p.checkOnly(),
			SetReplicaIdentity:  p.SetReplicaIdentity,
			HeartbeatSchema:     config.HeartbeatSchema,
			Canary:              p.Canary,
			AcceptDottedColumns: p.DottedColumns == config.DottedColumnsWarn,
		}
	}
	return mysql.Request{
		Host:                 at.host,
		Port:                 at.port,
		AdminSecret:          at.adminSecret,
		ReplicationSecret:    at.replicationSecret,
		Certificates:         certificates,
		BinlogRetentionHours: p.BinlogRetentionHours,
		LobMaxSizeKb:         p.LobMaxSizeKb,
		Tables:               p.followed(),
		Exclude:              p.excluded(),
		Later:                p.later(),
		Columns:              p.columnRules(),
		Schema:               p.schema,
		CheckOnly:            p.checkOnly(),
		Canary:               p.Canary,
		FailOnCascades:       p.Cascades == config.CascadesFail,
		AcceptDottedColumns:  p.DottedColumns == config.DottedColumnsWarn,
	}
}

// defaultSchema makes the walkthrough's table when it is followed.
func (p *bootstrapPlan) defaultSchema() []preparation.Script {
	if p.PostgreSQL() {
		return postgres.DefaultSchema(p.followed())
	}
	return mysql.DefaultSchema(p.followed())
}

func readSchema(files []string) ([]preparation.Script, error) {
	var scripts []preparation.Script
	var problems []error
	for _, file := range files {
		sql, err := os.ReadFile(file)
		if err != nil {
			problems = append(problems, fmt.Errorf("source.schemaFiles: %w", err))
			continue
		}
		scripts = append(scripts, preparation.Script{Name: filepath.Base(file), SQL: string(sql)})
	}
	return scripts, errors.Join(problems...)
}

func (a *BootstrapArgs) followed() []preparation.Table { return named(a.Tables) }

func (a *BootstrapArgs) later() []preparation.Table { return named(a.Probes()) }

func named(of []config.Table) []preparation.Table {
	var tables []preparation.Table
	for _, t := range of {
		tables = append(tables, preparation.Table{Database: t.Database, Table: t.Table})
	}
	return tables
}

func (a *BootstrapArgs) excluded() []preparation.Table {
	var tables []preparation.Table
	for _, t := range a.Exclude {
		tables = append(tables, preparation.Table{Database: t.Database, Table: t.Table})
	}
	return tables
}

// columnRules are rules that only the bootstrap can check, because it knows which columns exist and their types.
func (a *BootstrapArgs) columnRules() []preparation.ColumnRule {
	var rules []preparation.ColumnRule
	for _, t := range a.Tables {
		rule := preparation.ColumnRule{Table: preparation.Table{Database: t.Database, Table: t.Table}, Omit: t.OmitColumns}
		for _, f := range t.Filters {
			if !slices.Contains(rule.Filter, f.Column) {
				rule.Filter = append(rule.Filter, f.Column)
			}
		}
		if len(rule.Omit)+len(rule.Filter) > 0 {
			rules = append(rules, rule)
		}
	}
	return rules
}
