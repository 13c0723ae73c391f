package mysql

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// orders is a server with one table, and a request that follows the table.
func orders(columns ...[]string) (*fakeServer, Request) {
	f, req := shop()
	at := Table{Database: "my_shop", Table: "orders"}
	f.tables[at] = fakeTable{kind: "BASE TABLE", key: []string{"id"}, columns: append([][]string{{"id", "bigint", "NO", "auto_increment"}}, columns...)}
	req.Tables, req.Exclude = []Table{at}, nil
	return f, req
}

func named(findings Findings, check string) Finding {
	for _, f := range findings.Checks {
		if f.Check == check {
			return f
		}
	}
	return Finding{}
}

func TestColumnsThatDMSDoesNotCarry(t *testing.T) {
	for name, c := range map[string]struct {
		column []string
		check  string
		want   string
		advice string
	}{
		"computed and stored":             {[]string{"total", "int", "YES", "STORED GENERATED"}, "computed column total of my_shop.orders", "warning: carried by no record", "add total to omitColumns of my_shop.orders"},
		"computed when read":              {[]string{"total", "int", "YES", "VIRTUAL GENERATED"}, "computed column total of my_shop.orders", "warning: carried by no record", "add total to omitColumns of my_shop.orders"},
		"computed, in an older MariaDB":   {[]string{"total", "int", "YES", "PERSISTENT"}, "computed column total of my_shop.orders", "warning: carried by no record", "add total to omitColumns of my_shop.orders"},
		"invisible":                       {[]string{"pin", "int", "YES", "INVISIBLE"}, "invisible column pin of my_shop.orders", "failed: carried by no record", "run ALTER TABLE `my_shop`.`orders` ALTER COLUMN `pin` SET VISIBLE, or add pin to omitColumns of my_shop.orders: "},
		"a name that no rule can be for":  {[]string{"my pin", "int", "YES", "INVISIBLE"}, "invisible column my pin of my_shop.orders", "failed: carried by no record", "run ALTER TABLE `my_shop`.`orders` ALTER COLUMN `my pin` SET VISIBLE: "},
		"a back-tick":                     {[]string{"a`b", "int", "YES"}, "name of column a`b of my_shop.orders", "failed: one with a back-tick or a single quote", "run ALTER TABLE `my_shop`.`orders` RENAME COLUMN `a``b` TO `a_b`: "},
		"a single quote":                  {[]string{"a'b", "int", "YES"}, "name of column a'b of my_shop.orders", "failed: one with a back-tick or a single quote", "RENAME COLUMN `a'b` TO `a_b`: "},
		"MariaDB's former times":          {[]string{"at", "datetime /* mariadb-5.3 */", "YES"}, "format of column at of my_shop.orders", "failed: datetime /* mariadb-5.3 */", "run ALTER TABLE `my_shop`.`orders` FORCE: "},
		"MySQL's former times":            {[]string{"at", "timestamp /* 5.5 binary format */", "YES"}, "format of column at of my_shop.orders", "failed: timestamp /* 5.5 binary format */", "run ALTER TABLE `my_shop`.`orders` FORCE: "},
		"a default that is an expression": {[]string{"made", "datetime", "YES", "DEFAULT_GENERATED"}, "computed column made of my_shop.orders", "", ""},
		"a comment that is a value":       {[]string{"kind", "enum('/* COMPRESSED */','time /*')", "YES"}, "compressed column kind of my_shop.orders", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, req := orders(c.column)
			findings, err := runOn(f, req)
			require.Equal(t, c.want, findings.Summary()[c.check])
			found := named(findings, c.check)
			require.Contains(t, found.Advice, c.advice)
			require.Equal(t, found.Status == Failed, err != nil)
			for _, statement := range found.SQL {
				require.Contains(t, found.Advice, statement, "what is to be run is said")
			}
		})
	}
}

func TestOnlyColumnsThatAreCarriedAreForTheSinks(t *testing.T) {
	f, req := orders([]string{"total", "int", "YES", "VIRTUAL GENERATED"}, []string{"pin", "int", "YES", "INVISIBLE"}, []string{"memo", "int", "YES"})
	findings, _ := runOn(f, req)
	require.Equal(t, []Column{{Name: "id", Type: "bigint"}, {Name: "memo", Type: "int", Nullable: true}}, findings.Tables[0].Columns)
}

func TestAColumnThatIsOmittedNeedNotBeCarried(t *testing.T) {
	f, req := orders([]string{"total", "int", "YES", "VIRTUAL GENERATED"}, []string{"pin", "int", "YES", "INVISIBLE"})
	req.Columns = []ColumnRule{{Table: req.Tables[0], Omit: []string{"total", "pin"}}}
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Empty(t, findings.Warnings())
	require.Equal(t, "ok", findings.Summary()["omitted column total of my_shop.orders"], "it is known")
}

func TestAFilterIsForColumnsThatAreCarried(t *testing.T) {
	f, req := orders([]string{"total", "int", "YES", "VIRTUAL GENERATED"})
	req.Columns = []ColumnRule{{Table: req.Tables[0], Filter: []string{"total"}}}
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "filtered column total of my_shop.orders is computed or invisible: filter by another column")
}

// MySQL can generate a key for a table without one, and can be configured to hide it.
func TestAnInvisibleKeyFailsWithTheStatementThatShowsIt(t *testing.T) {
	for _, shown := range []string{"ON", "OFF"} {
		t.Run("shown "+shown, func(t *testing.T) {
			f, req := orders()
			f.variables["show_gipk_in_create_table_and_information_schema"] = shown
			f.tables[req.Tables[0]] = fakeTable{kind: "BASE TABLE", key: []string{"my_row_id"}, columns: [][]string{
				{"my_row_id", "bigint unsigned", "NO", "auto_increment INVISIBLE"}, {"memo", "int", "YES"},
			}}
			findings, err := runOn(f, req)
			const statement = "ALTER TABLE `my_shop`.`orders` ALTER COLUMN `my_row_id` SET VISIBLE"
			require.ErrorContains(t, err, "invisible column my_row_id of my_shop.orders is part of the primary key, and carried by no record: run "+statement+": DMS")
			found := named(findings, "invisible column my_row_id of my_shop.orders")
			require.Equal(t, []string{statement}, found.SQL)
			require.NotContains(t, found.Advice, "omitColumns", "a key cannot be left out")
			require.NoError(t, f.Exec(t.Context(), found.SQL[0]))
			_, err = runOn(f, req)
			require.NoError(t, err)
		})
	}
}

func TestAComputedKeyFails(t *testing.T) {
	f, req := orders()
	f.tables[req.Tables[0]] = fakeTable{kind: "BASE TABLE", key: []string{"code"}, columns: [][]string{{"code", "varchar(9)", "NO", "STORED GENERATED"}}}
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "computed column code of my_shop.orders is part of the primary key, and carried by no record: run ALTER TABLE `my_shop`.`orders` MODIFY `code` varchar(9) NOT NULL, ")
}

func TestAPatternIsWarnedOfKeysThatMySQLWillMake(t *testing.T) {
	f, req := shop()
	f.variables["sql_generate_invisible_primary_key"] = "ON"
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Contains(t, findings.Warnings()[0], "sql_generate_invisible_primary_key is ON: set sql_generate_invisible_primary_key to OFF in the parameter group")
	req.Tables, req.Exclude = []Table{{Database: "my_shop", Table: "orders"}}, nil
	findings, err = runOn(f, req)
	require.NoError(t, err)
	require.Empty(t, findings.Warnings(), "no table is followed that is made later")
}

func TestAnAttributeIsTakenOutOfADefinition(t *testing.T) {
	for definition, want := range map[string]string{
		"int(11) INVISIBLE DEFAULT 3":                                           "int(11) DEFAULT 3",
		"varchar(100) /*M!100301 COMPRESSED*/ DEFAULT NULL":                     "varchar(100) DEFAULT NULL",
		"int /*!80023 INVISIBLE */":                                             "int",
		"enum('a INVISIBLE','it''s') INVISIBLE COMMENT 'INVISIBLE \\' to some'": "enum('a INVISIBLE','it''s') COMMENT 'INVISIBLE \\' to some'",
		"int DEFAULT (`INVISIBLE`)":                                             "int DEFAULT (`INVISIBLE`)",
	} {
		attribute := "INVISIBLE"
		if definition[0] == 'v' {
			attribute = "COMPRESSED"
		}
		require.Equal(t, want, withoutAttribute(definition, attribute))
	}
}
