package conformance

import (
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// These are the scenes of the script. Each writes rows for some assumptions.
const (
	sceneValues  = "values"  // writes a value of every kind
	sceneEmpty   = "empty"   // writes NULL and empty text, in the key too
	sceneSeveral = "several" // inserts three rows by one statement and changes one twice, in one transaction
	sceneUpdated = "updated" // changes a row twice, in separate transactions
	sceneMoved   = "moved"   // changes a row's key
	sceneDeleted = "deleted"
	sceneFirst   = "first"  // begins before the next scene and commits after it
	sceneSecond  = "second" // begins last and commits first
	sceneNamed   = "named"  // uses the table whose name has to be escaped
	sceneEnd     = "end"    // comes last
	sceneAltered = "altered"
)

// The judgement looks for rows with these keys.
const (
	bigKey   = "18446744073709551615" // has 20 digits
	movedKey = 32
)

// tableComment marks a table as the probe's. A later run may drop it.
const tableComment = "made by cdc conformance, which drops it"

// values lists the columns of the scene "values", with their values in SQL.
var values = [][2]string{
	{"empty_text", `'full'`},
	{"signed19", `-9223372036854775807`},
	{"unsigned20", `18446744073709551614`},
	{"exact", `1234567890123456789012345678.0123456789`},
	{"bytes", `x'00FF10'`},
	{"elapsed", `'-123:04:05.600000'`},
	{"document", `'{"a": 1, "b": ["x", null]}'`},
	{"choice", `'two'`},
	{"choices", `'a,c'`},
	{"happened", `'2026-02-03 04:05:06.123456'`},
	{"noticed", `'2026-02-03 04:05:06.654321'`},
	{"words", `'naïve 한글 🙂 "q" <b> \\'`},
	{"latin", `'François'`},
}

// The text columns hold wordsValue and latinValue.
const (
	wordsValue = `naïve 한글 🙂 "q" <b> \`
	latinValue = "François"
)

func quoted(n table.Name) string { return quote(n.Database) + "." + quote(n.Table) }

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// definitionsOf returns the statements that make both tables.
func definitionsOf(first, second table.Name) []string {
	return []string{
		`CREATE TABLE ` + quoted(first) + ` (
	id BIGINT UNSIGNED NOT NULL, code VARCHAR(20) NOT NULL, tag BINARY(4) NOT NULL,
	run VARCHAR(20) NOT NULL, scene VARCHAR(20) NOT NULL, step INT NOT NULL,
	nothing VARCHAR(20) NULL, empty_text VARCHAR(20) NULL,
	signed19 BIGINT NULL, unsigned20 BIGINT UNSIGNED NULL, exact DECIMAL(38,10) NULL, bytes VARBINARY(8) NULL,
	elapsed TIME(6) NULL, document JSON NULL, choice ENUM('one','two') NULL, choices SET('a','b','c') NULL,
	happened DATETIME(6) NULL, noticed TIMESTAMP(6) NULL DEFAULT NULL, words VARCHAR(60) NULL, latin VARCHAR(20) CHARACTER SET latin1 NULL,
	PRIMARY KEY (id, code, tag)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='` + tableComment + `'`,
		`CREATE TABLE ` + quoted(second) + ` (id INT NOT NULL PRIMARY KEY, run VARCHAR(20) NOT NULL, scene VARCHAR(20) NOT NULL)
ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='` + tableComment + `'`,
	}
}

// keyColumns lists the key columns of the first table.
var keyColumns = []string{"id", "code", "tag"}

// scriptRows is how many row records the first step makes, for both tables.
const scriptRows = 18

// script writes the rows of the first step.
type script struct {
	db            *sql.DB
	first, second table.Name
	run           string
}

// statement is one SQL statement of a transaction.
type statement = string

// insert returns a statement that inserts a row. more gives further columns with their values in SQL.
func (s script) insert(scene, id string, more ...[2]string) statement {
	return s.insertKeyed(scene, id, "'k'", more...)
}

func (s script) insertKeyed(scene, id, code string, more ...[2]string) statement {
	names, row := "id, code, tag, run, scene, step", fmt.Sprintf("%s, %s, x'CAFE0000', '%s', '%s', 1", id, code, s.run, scene)
	for _, c := range more {
		names, row = names+", "+c[0], row+", "+c[1]
	}
	return "INSERT INTO " + quoted(s.first) + " (" + names + ") VALUES (" + row + ")"
}

func (s script) update(set, id string) statement {
	return "UPDATE " + quoted(s.first) + " SET " + set + " WHERE id = " + id
}

// write writes the scenes. Each group of statements is one transaction. The transactions follow one another, except the
// interleaved pair.
func (s script) write(ctx context.Context) error {
	several := fmt.Sprintf("INSERT INTO %s (id, code, tag, run, scene, step) VALUES (11, 'k', x'CAFE0000', '%[2]s', '%[3]s', 1), (12, 'k', x'CAFE0000', '%[2]s', '%[3]s', 1), (13, 'k', x'CAFE0000', '%[2]s', '%[3]s', 1)",
		quoted(s.first), s.run, sceneSeveral)
	for _, transaction := range [][]statement{
		{s.insert(sceneValues, bigKey, values...)},
		{s.insertKeyed(sceneEmpty, "2", "''", [2]string{"empty_text", "''"})},
		{several, s.update("step = 2", "11"), s.update("step = 3", "11")},
		{s.insert(sceneUpdated, "21", values...)},
		{s.update("step = 2", "21")},
		{s.update("step = 3", "21")},
		{s.insert(sceneMoved, "31")},
		{s.update(fmt.Sprintf("id = %d, step = 2", movedKey), "31")},
		{s.insert(sceneDeleted, "41")},
		{"DELETE FROM " + quoted(s.first) + " WHERE id = 41"},
	} {
		if err := s.commit(ctx, transaction...); err != nil {
			return err
		}
	}
	if err := s.interleave(ctx); err != nil {
		return err
	}
	named := fmt.Sprintf("INSERT INTO %s (id, run, scene) VALUES (1, '%s', '%s')", quoted(s.second), s.run, sceneNamed)
	if err := s.commit(ctx, named); err != nil {
		return err
	}
	return s.commit(ctx, s.insert(sceneEnd, "99"))
}

// interleave begins a transaction, writes and commits another one meanwhile, and then commits the first.
func (s script) interleave(ctx context.Context) error {
	first, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() { _ = first.Rollback() }() // no effect after the commit
	if _, err := first.ExecContext(ctx, s.insert(sceneFirst, "51")); err != nil {
		return fmt.Errorf("writing the scene %s: %w", sceneFirst, err)
	}
	if err := s.commit(ctx, s.insert(sceneSecond, "52")); err != nil {
		return err
	}
	if err := first.Commit(); err != nil {
		return fmt.Errorf("committing the scene %s: %w", sceneFirst, err)
	}
	return nil
}

// alter adds a column to the first table and inserts a row with a value in it.
func (s script) alter(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, "ALTER TABLE "+quoted(s.first)+" ADD COLUMN later INT NULL"); err != nil {
		return fmt.Errorf("altering %s: %w", s.first, err)
	}
	return s.commit(ctx, s.insert(sceneAltered, "61", [2]string{"later", "7"}))
}

func (s script) commit(ctx context.Context, statements ...statement) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after the commit
	for _, one := range statements {
		if _, err := tx.ExecContext(ctx, one); err != nil {
			return fmt.Errorf("%.80s: %w", one, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}
