package mysql

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// server holds the server's version and settings.
type server struct {
	version   string
	variables map[string]string
}

func identify(ctx context.Context, db Admin) (server, error) {
	rows, err := db.Query(ctx, "SHOW GLOBAL VARIABLES")
	if err != nil {
		return server{}, err
	}
	s := server{variables: make(map[string]string, len(rows))}
	for _, row := range rows {
		s.variables[strings.ToLower(row[0])] = row[1]
	}
	s.version = s.variables["version"]
	if aurora, ok := s.variables["aurora_version"]; ok {
		s.version += " (Aurora " + aurora + ")"
	}
	return s, nil
}

func (s server) mariaDB() bool {
	return strings.Contains(strings.ToLower(s.version), "mariadb")
}

// noBackslashEscapes reports how string literals are written.
func (s server) noBackslashEscapes() bool {
	return strings.Contains(s.variables["sql_mode"], "NO_BACKSLASH_ESCAPES")
}

// checkWriter is the check without which nothing can be prepared.
const checkWriter = "writer"

// expectation is the required value of one variable.
type expectation struct {
	variable, want, advice string
	// optional variables are not applicable on servers that lack them.
	optional bool
	// session means that a session may have its own value, which nobody else sees.
	session bool
}

const inParameterGroup = " in the parameter group (the server's configuration when it is your own) and restart the writer"

// expectations are DMS's requirements, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html and
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.MySQL.html.
var expectations = []expectation{
	{variable: "log_bin", want: "ON", advice: "turn the binary log on: set binlog_format to ROW in Aurora's cluster parameter group, turn on automatic backups on RDS, set log_bin on your own server; then restart the writer"},
	{variable: "binlog_format", want: "ROW", session: true, advice: "set binlog_format to ROW" + inParameterGroup},
	{variable: "binlog_row_image", want: "FULL", session: true, advice: "set binlog_row_image to FULL" + inParameterGroup + ": DMS needs every column of a row"},
	{variable: "binlog_checksum", want: "NONE", advice: "set binlog_checksum to NONE" + inParameterGroup},
	{variable: "binlog_transaction_compression", want: "OFF", optional: true, advice: "set binlog_transaction_compression to OFF" + inParameterGroup + ": DMS cannot read compressed transactions"},
	{variable: "binlog_row_value_options", want: "", optional: true, advice: "empty binlog_row_value_options" + inParameterGroup + ": DMS cannot read partial JSON updates"},
	{variable: "log_bin_compress", want: "OFF", optional: true, advice: "set log_bin_compress to OFF" + inParameterGroup + ": DMS cannot read compressed events"},
}

func (r *run) checkServer() {
	for _, e := range expectations {
		r.add(e.check(r.server))
	}
	r.checkServerID()
	r.checkStatementTime()
	r.checkIsWriter()
}

func (e expectation) check(s server) Finding {
	value, known := s.variables[e.variable]
	switch {
	case !known && e.optional:
		return Finding{Check: e.variable, Status: NotApplicable}
	case strings.EqualFold(value, e.want), e.want == "OFF" && value == "0", e.want == "ON" && value == "1":
		if e.session {
			value += " (the server's: what a session sets for itself is not seen)"
		}
		return Finding{Check: e.variable, Status: OK, Value: value}
	}
	return Finding{Check: e.variable, Status: Failed, Value: value, Advice: e.advice}
}

func (r *run) checkServerID() {
	f := Finding{Check: "server_id", Status: OK, Value: r.server.variables["server_id"]}
	if id, err := strconv.ParseUint(f.Value, 10, 64); err != nil || id == 0 {
		f.Status, f.Advice = Failed, "set server_id to 1 or more in the server's configuration and restart it"
	}
	r.add(f)
}

// checkStatementTime warns of a limit that would end the full load of a large table.
func (r *run) checkStatementTime() {
	variable := "max_execution_time"
	if r.server.mariaDB() {
		variable = "max_statement_time"
	}
	value, known := r.server.variables[variable]
	if !known {
		r.add(Finding{Check: variable, Status: NotApplicable})
		return
	}
	f := Finding{Check: variable, Status: OK, Value: value}
	if limit, err := strconv.ParseFloat(value, 64); err != nil || limit != 0 {
		f.Status, f.Advice = Warning, "a full load runs one long SELECT per table: set "+variable+" to 0, or be sure that it is long enough"
	}
	r.add(f)
}

// checkIsWriter finds a reader: Aurora's readers have no binary log and are read-only.
func (r *run) checkIsWriter() {
	f := Finding{Check: checkWriter, Status: OK}
	var seen []string
	for _, variable := range []string{"read_only", "super_read_only", "innodb_read_only"} {
		value, known := r.server.variables[variable]
		if !known {
			continue
		}
		seen = append(seen, fmt.Sprintf("%s=%s", variable, value))
		if !strings.EqualFold(value, "OFF") && value != "0" {
			f.Status, f.Advice = Failed, "name the writer's host (Aurora: the cluster endpoint), not a reader's"
		}
	}
	f.Value = strings.Join(seen, ", ")
	r.add(f)
}
