package schema

import (
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
)

// Engine is what kind of database it is.
type Engine int

// The engines. MySQL stands for MariaDB too.
const (
	MySQL Engine = iota
	PostgreSQL
)

// ParseEngine reads the name of an engine as source.engine has it; empty is MySQL.
func ParseEngine(name string) (Engine, error) {
	switch name {
	case "", "mysql":
		return MySQL, nil
	case "postgresql":
		return PostgreSQL, nil
	}
	return MySQL, fmt.Errorf("engine %q: write mysql or postgresql", name)
}

// Port at which a database of the engine listens when nobody has said otherwise.
func (e Engine) Port() int {
	if e == PostgreSQL {
		return 5432
	}
	return 3306
}

// EngineOf a database that is open, by its driver.
func EngineOf(db *sql.DB) Engine {
	if _, ok := db.Driver().(*stdlib.Driver); ok {
		return PostgreSQL
	}
	return MySQL
}
