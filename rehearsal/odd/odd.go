// Package odd has tables that are difficult for comparison tools: foreign keys in the key, ENUM and SET, whose order
// differs from that of their text, decimals, floats, times with fractions, bytes with trailing zeros, text that only
// a collation considers equal, empty text, spatial columns and addresses.
package odd

import "strings"

// table with its content: rows before the load, and changes after it. {db} stands for the database.
type table struct{ name, definition, rows, changes string }

// Set is a group of tables that are made and changed together: at most as many as can be loaded again at the same
// time.
type Set []table

// Listed are tables of kinds that are named in other people's bug reports.
var Listed = Set{
	{
		"orders", `(id BIGINT UNSIGNED PRIMARY KEY, v INT)`, `(1, 1), (18446744073709551615, 2)`,
		`INSERT INTO {db}.orders VALUES (3, 3)`,
	},
	{
		"order_items", `(order_id BIGINT UNSIGNED NOT NULL, line SMALLINT NOT NULL, v INT, PRIMARY KEY (order_id, line), FOREIGN KEY (order_id) REFERENCES {db}.orders (id))`,
		`(1, 1, 1), (1, 2, 2), (18446744073709551615, 1, 3), (18446744073709551615, -1, 4)`,
		`INSERT INTO {db}.order_items VALUES (3, 1, 5); DELETE FROM {db}.order_items WHERE line = 2; UPDATE {db}.order_items SET line = 7 WHERE v = 4`,
	},
	{
		"places", `(id INT PRIMARY KEY, at POINT NOT NULL, area POLYGON NULL, v INT)`,
		`(1, ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))'), 1), (2, ST_GeomFromText('POINT(-3.5 0)'), NULL, 2)`,
		`UPDATE {db}.places SET at = ST_GeomFromText('POINT(0 0)') WHERE id = 2; INSERT INTO {db}.places VALUES (3, ST_GeomFromText('POINT(9 9)'), NULL, 3)`,
	},
	{
		"hosts", `(address INET6 NOT NULL PRIMARY KEY, gateway INET4 NOT NULL, tag UUID NOT NULL, v INT)`,
		`('2001:db8::', '192.0.2.1', '123e4567-e89b-12d3-a456-426614174000', 1), ('::1', '10.0.0.0', '00000000-0000-4000-8000-000000000000', 2), ('::ffff:192.0.2.7', '0.0.0.0', UUID(), 3)`,
		`UPDATE {db}.hosts SET address = '2001:db8::2' WHERE v = 2; DELETE FROM {db}.hosts WHERE v = 3; INSERT INTO {db}.hosts VALUES ('fe80::', '192.0.2.0', UUID(), 4)`,
	},
	{
		"states", `(state ENUM('zulu','mike','alpha','') NOT NULL, flags SET('y','x','z') NOT NULL, v INT, PRIMARY KEY (state, flags))`,
		`('zulu', 'x,y', 1), ('alpha', '', 2), ('mike', 'z', 3), ('', 'z', 4)`,
		`UPDATE {db}.states SET flags = 'x,z' WHERE v = 3; DELETE FROM {db}.states WHERE v = 4; INSERT INTO {db}.states VALUES ('alpha', 'y', 5)`,
	},
	{
		"prices", `(price DECIMAL(30,6) NOT NULL, at TIME(6) NOT NULL, v INT, PRIMARY KEY (price, at))`,
		`(1.5, '12:00:00', 1), (-123456789012345678901234.5, '-838:59:59.5', 2), (0, '00:00:00.000001', 3)`,
		`INSERT INTO {db}.prices VALUES (100, '838:59:59', 4); UPDATE {db}.prices SET at = '13:00:00' WHERE v = 3; DELETE FROM {db}.prices WHERE v = 2`,
	},
	{
		"moments", `(at DATETIME(6) NOT NULL, day DATE NOT NULL, noticed TIMESTAMP(3) NOT NULL DEFAULT '2026-01-01 00:00:00', v INT, PRIMARY KEY (at, day, noticed))`,
		`('2026-01-02 03:04:05', '2026-01-02', '2026-01-02 03:04:05.120', 1), ('2026-01-02 03:04:05.5', '1000-01-01', '2026-01-02 03:04:05', 2), ('9999-12-31 23:59:59.999999', '9999-12-31', '2026-01-02 03:04:05', 3)`,
		`UPDATE {db}.moments SET at = '2026-01-02 03:04:06' WHERE v = 2; DELETE FROM {db}.moments WHERE v = 3`,
	},
	{
		"digests", `(digest BINARY(4) NOT NULL, tail VARBINARY(8) NOT NULL, v INT, PRIMARY KEY (digest, tail))`,
		`(x'CAFE0000', x'00', 1), (x'CAFE0000', x'0000', 2), (x'00000000', '', 3), (x'FFFFFFFF', x'FF', 4)`,
		`UPDATE {db}.digests SET tail = x'0100' WHERE v = 2; DELETE FROM {db}.digests WHERE v = 3; INSERT INTO {db}.digests VALUES (x'01000000', '', 5)`,
	},
	{
		"names", `(name VARCHAR(20) NOT NULL, country CHAR(3) CHARACTER SET latin1 NOT NULL, v INT, PRIMARY KEY (name, country)) COLLATE utf8mb4_general_ci`,
		`('A', 'DE', 1), ('', '', 2), ('김', 'é', 3), ('tail ', 'DE', 4), ('50%,#', 'x', 5)`,
		`UPDATE {db}.names SET name = 'a' WHERE v = 1; DELETE FROM {db}.names WHERE name = 'TAIL'; INSERT INTO {db}.names VALUES ('Tail', 'de', 6), ('', 'x', 7)`,
	},
	{
		"ratios", `(ratio FLOAT NOT NULL, exact DOUBLE NOT NULL, flag BIT(1) NOT NULL, mask BIT(12) NOT NULL, year YEAR NOT NULL, v INT, PRIMARY KEY (ratio, exact, flag, mask, year))`,
		`(0.1, 0.1, b'1', b'101010101010', 2026, 1), (1234567.5, 1e300, b'0', b'0', 1901, 2), (-0.5, 0, b'1', b'1', 2155, 3)`,
		`UPDATE {db}.ratios SET exact = 1e20 WHERE v = 3; DELETE FROM {db}.ratios WHERE v = 2; INSERT INTO {db}.ratios VALUES (3.4e38, -1e-300, b'0', b'1', 2000, 4)`,
	},
}

// Tables of a database by name, as database.table.
func (s Set) Tables(database string) []string {
	names := make([]string, len(s))
	for i, t := range s {
		names[i] = database + "." + t.name
	}
	return names
}

// Made are the statements that make the tables in an existing database, with their first rows.
func (s Set) Made(database string) []string {
	var statements []string
	for _, t := range s {
		statements = append(statements, "CREATE TABLE {db}."+t.name+" "+t.definition, "INSERT INTO {db}."+t.name+" VALUES "+t.rows)
	}
	return inDatabase(database, statements)
}

// Changed are the statements that change the rows, for one connection. In every table they change values, keys, or
// both, and update every row once more.
func (s Set) Changed(database string) []string {
	var statements []string
	for _, t := range s {
		statements = append(statements, strings.Split(t.changes, "; ")...)
		statements = append(statements, "UPDATE {db}."+t.name+" SET v = v + 10")
	}
	return inDatabase(database, statements)
}

func inDatabase(database string, statements []string) []string {
	for i := range statements {
		statements[i] = strings.ReplaceAll(statements[i], "{db}", database)
	}
	return statements
}
