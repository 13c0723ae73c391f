package mysql

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// fakeServer answers like an Aurora MySQL writer, as far as a run asks, and records every statement.
type fakeServer struct {
	variables  map[string]string
	retention  string // NULL is empty
	rds        bool
	databases  map[string]bool
	tables     map[Table]fakeTable
	users      map[string]*fakeUser
	statements []string
	refuse     string // statements with this prefix fail
	status     map[string]string
	prepared   [][]string // XA transactions, as listed by XA RECOVER
	logs       [][]string // binlog files: name, size
	replica    bool
	foreign    []fakeForeignKey
}

// fakeForeignKey is a row of referential_constraints, with its columns.
type fakeForeignKey struct {
	child, parent            Table
	name, onDelete, onUpdate string
	column, referenced       string
}

type fakeTable struct {
	kind    string
	options string
	columns [][]string // name, type, nullable, extra
	key     []string
	longest string
	slow    bool
}

type fakeUser struct {
	password, tls, plugin string
	privileges            map[string]bool // "SELECT ON `a`.`b`"
}

func retailTransTable() fakeTable {
	return fakeTable{kind: "BASE TABLE", columns: [][]string{{"trans_id", "bigint", "NO"}, {"amount", "int", "YES"}}, key: []string{"trans_id"}}
}

func aurora() *fakeServer {
	return &fakeServer{
		rds: true,
		variables: map[string]string{
			"version": "8.0.39", "aurora_version": "3.10.4", "log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "full",
			"binlog_checksum": "NONE", "binlog_transaction_compression": "OFF", "binlog_row_value_options": "", "server_id": "1", "sql_mode": "",
			"read_only": "OFF", "super_read_only": "OFF", "innodb_read_only": "OFF", "max_execution_time": "0",
		},
		logs: [][]string{{"mysql-bin.000001", "1024"}}, status: map[string]string{},
		databases: map[string]bool{}, tables: map[Table]fakeTable{}, users: map[string]*fakeUser{},
	}
}

func (f *fakeServer) Exec(_ context.Context, statement string) error {
	f.statements = append(f.statements, statement)
	if f.refuse != "" && strings.HasPrefix(statement, f.refuse) {
		return &mysql.MySQLError{Number: 1064, Message: "syntax error near " + statement}
	}
	var hours int
	switch {
	case strings.HasPrefix(statement, "CREATE DATABASE IF NOT EXISTS `"):
		f.databases[between(statement, "EXISTS `", "`")] = true
	case statement == makeCanaryTable[1]:
		f.tables[preparation.Canary] = fakeTable{kind: "BASE TABLE", columns: [][]string{{"id", "tinyint", "NO"}, {"beat", "bigint", "NO"}}, key: []string{"id"}}
	case statement == retailTrans:
		f.tables[RetailTrans] = retailTransTable()
	case strings.HasPrefix(statement, "CALL mysql.rds_set_configuration"):
		if _, err := fmt.Sscanf(statement, "CALL mysql.rds_set_configuration('binlog retention hours', %d)", &hours); err != nil {
			return fmt.Errorf("reading the retention: %w", err)
		}
		f.retention = fmt.Sprint(hours)
	case strings.HasPrefix(statement, "CREATE USER"):
		name, pw := between(statement, "CREATE USER '", "'@'%'"), between(statement, "IDENTIFIED BY '", "' REQUIRE SSL")
		f.users[name] = &fakeUser{password: pw, tls: "ANY", plugin: "mysql_native_password", privileges: map[string]bool{}}
	case strings.HasSuffix(statement, "REQUIRE SSL"):
		f.users[between(statement, "ALTER USER '", "'@'%'")].tls = "ANY"
	case strings.HasPrefix(statement, "ALTER USER"):
		f.users[between(statement, "ALTER USER '", "'@'%'")].password = strings.TrimSuffix(statement[strings.Index(statement, "IDENTIFIED BY '")+15:], "'")
	case strings.HasPrefix(statement, "GRANT "):
		f.users[between(statement, " TO '", "'@'%'")].privileges[between(statement, "GRANT ", " TO '")] = true
	case strings.HasPrefix(statement, "REVOKE "):
		delete(f.users[between(statement, " FROM '", "'@'%'")].privileges, between(statement, "REVOKE ", " FROM '"))
	case strings.HasPrefix(statement, "SET SESSION "):
		name, value, _ := strings.Cut(strings.TrimPrefix(statement, "SET SESSION "), " = ")
		f.variables[name] = value
	default:
		return f.alter(statement)
	}
	return nil
}

// alter knows the statements that findings tell to run, as far as MariaDB has others for them.
func (f *fakeServer) alter(statement string) error {
	for t, table := range f.tables {
		action, is := strings.CutPrefix(statement, "ALTER TABLE "+quoted(t)+" ")
		if !is {
			continue
		}
		name := between(action, "COLUMN `", "`")
		for i, c := range table.columns {
			if c[0] == name && action == "ALTER COLUMN "+quoteName(name)+" SET VISIBLE" {
				table.columns[i] = []string{c[0], c[1], c[2], strings.TrimSuffix(c[3], "INVISIBLE")}
				return nil
			}
		}
	}
	return fmt.Errorf("the fake server does not know %s", statement)
}

func (f *fakeServer) Query(_ context.Context, query string, args ...any) ([][]string, error) {
	switch {
	case query == "SHOW GLOBAL VARIABLES":
		var rows [][]string
		for name, value := range f.variables {
			rows = append(rows, []string{name, value})
		}
		return rows, nil
	case strings.Contains(query, "rds_show_configuration"):
		if !f.rds {
			return nil, &mysql.MySQLError{Number: 1305, Message: "PROCEDURE does not exist"}
		}
		return [][]string{{"binlog retention hours", f.retention, "how long"}}, nil
	case strings.Contains(query, "rds_configuration"):
		return nil, &mysql.MySQLError{Number: 1146, Message: "table does not exist"}
	case strings.Contains(query, "schemata"):
		if f.databases[args[0].(string)] {
			return [][]string{{args[0].(string)}}, nil
		}
		return nil, nil
	case strings.Contains(query, "mysql.user"):
		user, ok := f.users[args[0].(string)]
		if !ok {
			return nil, nil
		}
		if strings.Contains(query, "plugin") {
			return [][]string{{user.plugin}}, nil
		}
		return [][]string{{user.tls}}, nil
	case strings.Contains(query, "_privileges"):
		return f.privileges(query, args[0].(string)), nil
	case strings.Contains(query, "information_schema.tables"):
		return f.list(query, args), nil
	case strings.Contains(query, "referential_constraints"), strings.Contains(query, "referenced_column_name"):
		return f.foreignKeys(args), nil
	case strings.HasPrefix(query, "SHOW GLOBAL STATUS LIKE"):
		name := between(query, "'", "'")
		if value, known := f.status[name]; known {
			return [][]string{{name, value}}, nil
		}
		return nil, nil
	case strings.Contains(query, "LIKE '%COMPRESSED%'"):
		return nil, nil
	case query == "XA RECOVER":
		return f.prepared, nil
	case query == "SHOW BINARY LOGS":
		return f.logs, nil
	case query == "SHOW REPLICA STATUS":
		return map[bool][][]string{true: {{"Waiting"}}}[f.replica], nil
	case strings.Contains(query, "OCTET_LENGTH") || strings.Contains(query, "CHAR_LENGTH"):
		return f.lengths(query)
	}
	if len(args) < 2 {
		return nil, fmt.Errorf("the fake server does not know %s", query)
	}
	return f.describe(query, Table{Database: args[0].(string), Table: args[1].(string)}), nil
}

// list are the tables of a kind that the query names, or the one of the name that it is given.
func (f *fakeServer) list(query string, args []any) [][]string {
	var rows [][]string
	for t, table := range f.tables {
		named := len(args) == 2 && t == (Table{Database: args[0].(string), Table: args[1].(string)})
		if named || len(args) == 0 && strings.Contains(query, "'"+table.kind+"'") {
			rows = append(rows, []string{t.Database, t.Table, table.kind, table.options})
		}
	}
	slices.SortFunc(rows, slices.Compare)
	return rows
}

// foreignKeys are all constraints, or the columns of the one of the name that is given.
func (f *fakeServer) foreignKeys(args []any) [][]string {
	var rows [][]string
	for _, k := range f.foreign {
		switch {
		case len(args) == 0:
			rows = append(rows, []string{k.child.Database, k.child.Table, k.parent.Database, k.parent.Table, k.name, k.onDelete, k.onUpdate})
		case args[2] == k.name:
			rows = append(rows, []string{k.column, k.referenced})
		}
	}
	return rows
}

func (f *fakeServer) describe(query string, t Table) [][]string {
	table := f.tables[t]
	hidden := func(column string) bool {
		return column == "my_row_id" && f.variables["show_gipk_in_create_table_and_information_schema"] == "OFF"
	}
	var rows [][]string
	if strings.Contains(query, "information_schema.columns") {
		for _, c := range table.columns {
			if !hidden(c[0]) {
				rows = append(rows, append(slices.Clone(c), "")[:4])
			}
		}
		return rows
	}
	for _, k := range table.key {
		if !hidden(k) {
			rows = append(rows, []string{k})
		}
	}
	return rows
}

func (f *fakeServer) lengths(query string) ([][]string, error) {
	for t, table := range f.tables {
		if strings.Contains(query, quoted(t)) {
			if table.slow {
				return nil, &mysql.MySQLError{Number: 3024, Message: "maximum statement execution time exceeded"}
			}
			return [][]string{{table.longest}}, nil
		}
	}
	return nil, errors.New("no such table")
}

func (f *fakeServer) privileges(query, grantee string) [][]string {
	var rows [][]string
	for _, p := range slices.Sorted(maps.Keys(f.users[between(grantee, "'", "'@'%'")].privileges)) {
		name, on, _ := strings.Cut(p, " ON ")
		database, table, _ := strings.Cut(strings.ReplaceAll(on, "`", ""), ".")
		level := map[bool]string{true: "schema_", false: "table_"}[table == "*"]
		if database == "*" {
			level, database = "user_", ""
		}
		if strings.Contains(query, "information_schema."+level) {
			rows = append(rows, []string{name, "NO", database, strings.TrimSuffix(table, "*")})
		}
	}
	return rows
}

func (f *fakeServer) login(_ context.Context, user Credentials) error {
	if u, ok := f.users[user.Username]; !ok || u.password != user.Password {
		return &mysql.MySQLError{Number: 1045, Message: "access denied"}
	}
	return nil
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
