package postgres

import (
	"cdcpipeline/internal/source/preparation"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// fakeServer answers like PostgreSQL on RDS, as far as a run asks, and records every statement.
type fakeServer struct {
	settings   map[string]string
	recovering bool
	rds        bool
	aurora     string
	schemas    map[string]string // owner by name
	tables     map[Table]*fakeTable
	users      map[string]*fakeUser
	slots      [][]string // name, plugin, database, active, status, bytes
	senders    int
	prepared   [][]string
	timeouts   [][]string
	statements []string
	// refuse maps the prefix of a statement or query to its error code.
	refuse map[string]string
}

type fakeTable struct {
	kind, persistence, identity  string
	outside, parent, partitioned bool
	guarded                      bool
	policies                     [][]string
	columns                      [][]string // in the form of columnsQuery
	key                          []string
	deferrable                   bool
	longest                      string
}

type fakeUser struct {
	verifier    string
	replication bool
	may         map[privilege]bool
	later       [][]string
}

func code(code string) error {
	return &pgconn.PgError{Code: code, Message: "refused with " + code}
}

// plain is a column with a base type.
func plain(name, kind string) []string { return []string{name, kind, "f", "f", "f", "b", "f"} }

// long is a column whose values may be stored outside the row.
func long(name, kind string) []string { return []string{name, kind, "t", "f", "t", "b", "f"} }

func onRDS() *fakeServer {
	return &fakeServer{
		rds: true, schemas: map[string]string{"public": "admin"}, tables: map[Table]*fakeTable{}, users: map[string]*fakeUser{}, refuse: map[string]string{},
		settings: map[string]string{
			"server_version": "17.6", "server_version_num": "170006", "wal_level": "logical", "max_replication_slots": "20", "max_wal_senders": "20",
			"wal_sender_timeout": "30000", "max_slot_wal_keep_size": "51200", "ssl": "on", "rds.logical_replication": "on",
		},
	}
}

// with adds a table to schema shop, with a key by default.
func (f *fakeServer) with(name string, t fakeTable) *fakeServer {
	if t.kind == "" {
		t.kind = ordinary
	}
	if t.persistence == "" {
		t.persistence = "p"
	}
	if t.identity == "" {
		t.identity = identityKey
	}
	if t.key == nil {
		t.key, t.columns = []string{"id"}, append([][]string{plain("id", "bigint")}, t.columns...)
	}
	f.schemas["shop"] = "admin"
	f.tables[inShop(name)] = &t
	return f
}

func inShop(name string) Table { return Table{Database: "shop", Table: name} }

func (f *fakeServer) refused(statement string) error {
	for begin, c := range f.refuse {
		if strings.HasPrefix(statement, begin) {
			return code(c)
		}
	}
	return nil
}

func (f *fakeServer) Exec(_ context.Context, statement string) error {
	f.statements = append(f.statements, statement)
	if err := f.refused(statement); err != nil {
		return err
	}
	name := func(after string) string { return between(statement, after+` "`, `"`) }
	switch {
	case strings.HasPrefix(statement, "SET "), strings.HasPrefix(statement, "RESET "), strings.HasPrefix(statement, "ROLLBACK; RESET"):
	case statement == makeCanaryTable[1]:
		f.tables[preparation.Canary] = &fakeTable{kind: ordinary, persistence: "p", identity: identityKey, key: []string{"id"}, columns: [][]string{plain("id", "smallint"), plain("beat", "bigint")}}
	case statement == retailTrans:
		f.tables[RetailTrans] = &fakeTable{
			kind: ordinary, persistence: "p", identity: identityKey, key: []string{"trans_id"},
			columns: [][]string{plain("trans_id", "bigint"), {"sku", "character varying(10)", "f", "f", "t", "b", "f"}},
		}
	case strings.Contains(statement, "CREATE SCHEMA ") && strings.Contains(statement, "AUTHORIZATION"):
		f.schemas[name("SCHEMA")] = name("AUTHORIZATION")
	case strings.HasPrefix(statement, "CREATE SCHEMA IF NOT EXISTS "):
		f.schemas[name("EXISTS")] = "admin"
	case strings.HasPrefix(statement, "CREATE ROLE "):
		f.users[name("ROLE")] = &fakeUser{verifier: between(statement, "PASSWORD '", "'"), may: map[privilege]bool{}}
	case strings.Contains(statement, " PASSWORD "):
		f.users[name("ROLE")].verifier = between(statement, "PASSWORD '", "'")
	case strings.HasSuffix(statement, `" REPLICATION`):
		f.users[name("ROLE")].replication = true
	case strings.HasPrefix(statement, "ALTER ROLE "):
		f.timeouts = nil
	case strings.HasPrefix(statement, "ALTER TABLE ") && strings.Contains(statement, " REPLICA IDENTITY FULL"):
		f.tables[inShop(between(statement, `"shop"."`, `"`))].identity = identityFull
	case strings.HasPrefix(statement, "ALTER DEFAULT PRIVILEGES "):
		u := f.users[name("TABLES TO")]
		u.later = append(u.later, []string{name("FOR ROLE"), name("IN SCHEMA")})
	case strings.HasPrefix(statement, "GRANT "):
		f.users[name(" TO")].may[ofGrant(between(statement, "GRANT ", " TO "))] = true
	case strings.HasPrefix(statement, "REVOKE "):
		delete(f.users[name(" FROM")].may, ofGrant(between(statement, "REVOKE ", " FROM ")))
	default:
		return fmt.Errorf("the fake server does not know %s", statement)
	}
	return nil
}

func ofGrant(text string) privilege {
	if name, on, of := strings.Cut(text, " ON "); of {
		return privilege{name, on}
	}
	return privilege{on: text}
}

func yes(is bool) string { return map[bool]string{true: "t", false: "f"}[is] }

func (f *fakeServer) Query(_ context.Context, query string, args ...string) ([][]string, error) {
	if err := f.refused(query); err != nil {
		return nil, err
	}
	switch query {
	case settingsQuery:
		var rows [][]string
		for name, value := range f.settings {
			rows = append(rows, []string{name, value})
		}
		return rows, nil
	case aboutQuery:
		return [][]string{{"app", "admin", yes(f.recovering), yes(f.aurora != ""), yes(f.rds), f.settings[logicalReplication]}}, nil
	case auroraQuery:
		return [][]string{{f.aurora}}, nil
	case slotsQuery:
		return f.slots, nil
	case sendersQuery:
		return [][]string{{fmt.Sprint(f.senders)}}, nil
	case preparedQuery:
		return f.prepared, nil
	case schemasQuery:
		var rows [][]string
		for name := range f.schemas {
			rows = append(rows, []string{name})
		}
		return rows, nil
	case tablesQuery:
		return f.list(), nil
	case keyQuery, guardsQuery:
		return f.ofTable(query, f.tables[Table{Database: args[0], Table: args[1]}]), nil
	case timeoutsQuery:
		return f.timeouts, nil
	case writableQuery:
		var rows [][]string
		for _, p := range strings.Split(args[0], ",") {
			if u := f.users[args[3]]; u != nil && u.may[privilege{p, tableOf(Table{Database: args[1], Table: args[2]})}] {
				rows = append(rows, []string{p})
			}
		}
		return rows, nil
	case slotQuery:
		return [][]string{{args[0]}}, nil
	case heartbeatQuery:
		owner, there := f.schemas[args[0]]
		if !there {
			return nil, nil
		}
		return [][]string{{owner, yes(owner == args[1] || f.users[args[1]].may[privilege{"USAGE, CREATE", schemaOf(args[0])}])}}, nil
	}
	if strings.HasPrefix(query, "SELECT a.attname, format_type") {
		return f.tables[Table{Database: args[0], Table: args[1]}].columns, nil
	}
	if strings.HasPrefix(query, "SELECT max(") {
		return f.longest(query), nil
	}
	return f.ofUser(query, f.users[args[0]])
}

func (f *fakeServer) list() [][]string {
	var rows [][]string
	for t, table := range f.tables {
		rows = append(rows, []string{
			t.Database, t.Table, table.kind, table.persistence, table.identity, "owner", yes(table.outside), yes(table.partitioned), yes(table.parent), yes(table.guarded),
		})
	}
	slices.SortFunc(rows, slices.Compare)
	return rows
}

func (f *fakeServer) ofTable(query string, t *fakeTable) [][]string {
	if query == guardsQuery {
		return t.policies
	}
	var rows [][]string
	for _, k := range t.key {
		rows = append(rows, []string{k, "pk", yes(t.deferrable)})
	}
	return rows
}

// longest returns the same length for every measured column.
func (f *fakeServer) longest(query string) [][]string {
	for t, table := range f.tables {
		if strings.HasSuffix(query, " FROM "+quoted(t)) {
			return [][]string{slices.Repeat([]string{table.longest}, strings.Count(query, "max("))}
		}
	}
	return nil
}

func (f *fakeServer) ofUser(query string, u *fakeUser) ([][]string, error) {
	if u == nil {
		return nil, nil
	}
	switch query {
	case userQuery:
		return [][]string{{"t", yes(u.replication), "f", "f", "f", "f"}}, nil
	case laterQuery:
		return u.later, nil
	}
	var rows [][]string
	for _, p := range slices.SortedFunc(maps.Keys(u.may), func(a, b privilege) int { return strings.Compare(a.String(), b.String()) }) {
		kind, name, _ := strings.Cut(p.on, " ")
		parts := strings.Split(strings.ReplaceAll(name, `"`, ""), ".")
		switch {
		case query == readableQuery && p.name == "SELECT", query == usableQuery && p.name == "USAGE":
			rows = append(rows, parts)
		case query == memberQuery && p.name == "":
			rows = append(rows, []string{strings.Trim(p.on, `"`)})
		case query == grantedQuery && p.name == "":
			rows = append(rows, []string{"", "ROLE", strings.Trim(p.on, `"`), ""})
		case query == grantedQuery:
			rows = append(rows, append([]string{p.name, kind}, append(parts, "")[:2]...))
		case !slices.Contains([]string{readableQuery, usableQuery, memberQuery}, query):
			return nil, errors.New("the fake server does not know " + query)
		}
	}
	return rows, nil
}

func (f *fakeServer) Close() error { return nil }

// login accepts the password from which the verifier was made.
func (f *fakeServer) login(_ context.Context, user Credentials) (Session, error) {
	u, known := f.users[user.Username]
	if !known || !Verifies(u.verifier, user.Password) {
		return nil, code(errPassword)
	}
	return f, nil
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
