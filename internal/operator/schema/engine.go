package schema

import (
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
)

// Engine is the kind of a database.
type Engine int

// These are the engines. MySQL stands for MariaDB too.
const (
	MySQL Engine = iota
	PostgreSQL
)

// ParseEngine parses a value of source.engine. Empty means MySQL.
func ParseEngine(name string) (Engine, error) {
	switch name {
	case "", "mysql":
		return MySQL, nil
	case "postgresql":
		return PostgreSQL, nil
	}
	return MySQL, fmt.Errorf("engine %q: write mysql or postgresql", name)
}

// Port returns the engine's default port.
func (e Engine) Port() int {
	if e == PostgreSQL {
		return 5432
	}
	return 3306
}

// EngineOf returns the engine of an open database, which its driver tells.
func EngineOf(db *sql.DB) Engine {
	if _, ok := db.Driver().(*stdlib.Driver); ok {
		return PostgreSQL
	}
	return MySQL
}
