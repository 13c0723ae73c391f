package config

import (
	"cmp"
	"regexp"
	"time"
)

// Catalog lets you read the lake with SQL in Athena. It has a database of tables and views, and a workgroup.
type Catalog struct {
	// Enabled makes the catalog. Default true.
	Enabled *bool `json:"enabled" pulumi:"enabled,optional"`
	// Database is the name of the database in the Glue Data Catalog, and of the workgroup. Each stack of an account and region needs
	// another name. Default: the project and the stack, as in cdc_pipeline_dev.
	Database string `json:"database" pulumi:"database,optional"`
	// Since is the first day of the lake in UTC, YYYY-MM-DD. Queries do not find older records, and look for each hour since that day.
	// Default 2026-01-01.
	Since string `json:"since" pulumi:"since,optional"`
	// ScanLimitGb is the most that one query may read, 1 to 1000000. Athena cancels a larger query. Default 10 in dev, 100 in prod.
	ScanLimitGb int `json:"scanLimitGb" pulumi:"scanLimitGb,optional"`
	// ResultDays is after how many days query results are deleted, at least 1. Default 7.
	ResultDays int `json:"resultDays" pulumi:"resultDays,optional"`
}

// On reports whether the stack makes the catalog. Call it after WithDefaults.
func (s Catalog) On() bool { return s.Enabled != nil && *s.Enabled }

// ResultsPrefix is the prefix of query results in the lake's bucket.
const ResultsPrefix = "athena-results"

// WithDefaults fills unset settings. An empty database stays empty.
func (s Catalog) WithDefaults(env Environment) Catalog {
	s.Enabled = cmp.Or(s.Enabled, new(true))
	s.Since = cmp.Or(s.Since, "2026-01-01")
	s.ScanLimitGb = cmp.Or(s.ScanLimitGb, choose(env, 10, 100))
	s.ResultDays = cmp.Or(s.ResultDays, 7)
	return s
}

// databaseName matches names that Athena accepts without quotes:
// https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html.
var databaseName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,126}[a-z0-9]$`)

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Catalog) Validate() error {
	var p problems
	if s.Database != "" {
		p.matches("lake.catalog.database", s.Database, databaseName, "2 to 128 lower-case letters, digits and _, and must begin with a letter and not end with _")
	}
	if _, err := time.Parse(time.DateOnly, s.Since); err != nil {
		p.add("lake.catalog.since", "%q is not a day: write it as YYYY-MM-DD, such as 2026-01-31", s.Since)
	}
	p.between("lake.catalog.scanLimitGb", s.ScanLimitGb, 1, 1000000, "GB")
	p.between("lake.catalog.resultDays", s.ResultDays, 1, maxLifecycleDays, "days")
	return p.join()
}
