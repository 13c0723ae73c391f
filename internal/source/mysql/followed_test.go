package mysql

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// shop is a server with tables, and a request that follows all but one of them with a pattern.
func shop() (*fakeServer, Request) {
	f := aurora()
	f.databases["my_shop"] = true
	for _, name := range []string{"orders", "items", "tmp_orders"} {
		f.tables[Table{Database: "my_shop", Table: name}] = fakeTable{
			kind: "BASE TABLE", key: []string{"id"},
			columns: [][]string{{"id", "bigint", "NO"}, {"card_no", "varchar(20)", "YES"}, {"memo", "longtext", "YES"}},
		}
	}
	f.tables[Table{Database: "my_shop", Table: "totals"}] = fakeTable{kind: "VIEW"}
	return f, Request{
		BinlogRetentionHours: 24, LobMaxSizeKb: 64,
		Tables: []Table{{Database: "my_shop", Table: "%"}}, Exclude: []Table{{Database: "%", Table: "tmp_%"}},
	}
}

func TestAPatternIsEveryTableItMatchesButTheExcluded(t *testing.T) {
	f, req := shop()
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Equal(t, "ok: 2 tables", findings.Summary()["tables my_shop.%"])
	require.Len(t, findings.Tables, 2)
	require.Equal(t, "ok: primary key (id)", findings.Summary()["table my_shop.items"])
	require.Contains(t, f.users["cdc"].privileges, "SELECT ON `my\\_shop`.*", "tables that are made later are followed too")
	require.NotContains(t, f.users["cdc"].privileges, "SELECT ON `my_shop`.`items`")
	again, err := runOn(f, req)
	require.NoError(t, err)
	require.Empty(t, again.Changed)
}

func TestATableOfAPatternNeedsAPrimaryKeyToo(t *testing.T) {
	f, req := shop()
	table := f.tables[Table{Database: "my_shop", Table: "items"}]
	table.key = nil
	f.tables[Table{Database: "my_shop", Table: "items"}] = table
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "table my_shop.items is without a primary key")
}

func TestTablesThatAreMadeLaterNeedNotBeThere(t *testing.T) {
	f := aurora()
	req := defaultRequest()
	req.Later = []Table{{Database: "cdc_conformance", Table: "%"}}
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Contains(t, findings.Changed, "database cdc_conformance")
	require.Contains(t, findings.Changed, "granted SELECT ON `cdc\\_conformance`.*")
	require.Len(t, findings.Tables, 1, "what is not there cannot be described")
	require.NotContains(t, findings.Summary(), "tables cdc_conformance.%")
}

func TestAPatternOfNothingFails(t *testing.T) {
	f, req := shop()
	req.Tables = append(req.Tables, Table{Database: "stock", Table: "%"})
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "tables stock.% is 0 tables: ")
}

func TestANameThatNoSinkCanHoldFails(t *testing.T) {
	f, req := shop()
	f.tables[Table{Database: "my_shop", Table: "big orders"}] = f.tables[Table{Database: "my_shop", Table: "orders"}]
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "name of my_shop.big orders is not one that an index or an object key can hold: run RENAME TABLE `my_shop`.`big orders` TO `my_shop`.`big_orders`, or add {database: \"my_shop\", table: \"big%orders\"} to source.exclude")
}

func TestColumnsOfRulesAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		rule  ColumnRule
		check string
		want  string
	}{
		"an omitted column":             {ColumnRule{Omit: []string{"card_no"}}, "omitted column card_no of my_shop.orders", "ok"},
		"an omitted key":                {ColumnRule{Omit: []string{"id"}}, "omitted column id of my_shop.orders", "failed: part of the primary key"},
		"an omitted column unknown":     {ColumnRule{Omit: []string{"Card_No"}}, "omitted column Card_No of my_shop.orders", "failed: unknown"},
		"an omitted column like two":    {ColumnRule{Omit: []string{"m_mo"}}, "omitted column m_mo of my_shop.orders", "failed: a pattern to DMS, which reads _ as any character, and memo is like it"},
		"a filtered column":             {ColumnRule{Filter: []string{"card_no"}}, "filtered column card_no of my_shop.orders", "ok"},
		"a filtered column unknown":     {ColumnRule{Filter: []string{"region"}}, "filtered column region of my_shop.orders", "failed: unknown"},
		"a filtered LOB":                {ColumnRule{Filter: []string{"memo"}}, "filtered column memo of my_shop.orders", "failed: longtext"},
		"a filter that takes in a twin": {ColumnRule{Filter: []string{"card_no"}}, "filters of my_shop.orders", "failed: myxshop.orders is filtered too"},
	} {
		t.Run(name, func(t *testing.T) {
			f, req := shop()
			orders := Table{Database: "my_shop", Table: "orders"}
			f.tables[Table{Database: "myxshop", Table: "orders"}] = f.tables[orders]
			table := f.tables[orders]
			table.columns = append([][]string{{"m_mo", "int", "YES"}}, table.columns...)
			f.tables[orders] = table
			req.Tables = []Table{orders}
			c.rule.Table = orders
			req.Columns = []ColumnRule{c.rule}
			findings, _ := runOn(f, req)
			require.Equal(t, c.want, findings.Summary()[c.check])
		})
	}
}

func TestAColumnOfAPatternNeedNotBeInEveryTable(t *testing.T) {
	f, req := shop()
	table := f.tables[Table{Database: "my_shop", Table: "items"}]
	table.columns = [][]string{{"id", "bigint", "NO"}}
	f.tables[Table{Database: "my_shop", Table: "items"}] = table
	req.Columns = []ColumnRule{{Table: req.Tables[0], Omit: []string{"memo"}}}
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Equal(t, "ok", findings.Summary()["omitted column memo of my_shop.orders"])
	require.NotContains(t, findings.Summary(), "omitted column memo of my_shop.items")
}

func TestAnOmittedLobMayBeLong(t *testing.T) {
	f, req := shop()
	table := f.tables[Table{Database: "my_shop", Table: "orders"}]
	table.longest = "9999999"
	f.tables[Table{Database: "my_shop", Table: "orders"}] = table
	req.Tables, req.Exclude = []Table{{Database: "my_shop", Table: "orders"}}, nil
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "largest LOB of my_shop.orders")
	req.Columns = []ColumnRule{{Table: req.Tables[0], Omit: []string{"memo"}}}
	_, err = runOn(f, req)
	require.NoError(t, err)
}

func checked() (*fakeServer, Request) {
	f, req := shop()
	f.retention = "48"
	f.users["cdc"] = &fakeUser{password: replication.Password, tls: "ANY", plugin: "caching_sha2_password", privileges: map[string]bool{
		"REPLICATION CLIENT ON *.*": true, "REPLICATION SLAVE ON *.*": true, "SELECT ON `my_shop`.*": true, "INSERT ON *.*": true,
	}}
	req.CheckOnly, req.Host, req.Port, req.secretAddress = true, "db", 3306, "db:3306"
	return f, req
}

func TestACheckRunsNoStatement(t *testing.T) {
	f, req := checked()
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Empty(t, f.statements)
	require.Empty(t, findings.Changed)
	require.Equal(t, "ok: 48 h", findings.Summary()["binlog retention"], "longer than asked for is long enough")
	require.Contains(t, findings.Summary()["replication user's privileges"], "ok: INSERT ON *.*", "more than is needed is not taken away")
}

func TestACheckFindsWhatABootstrapWouldMake(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fakeServer, *Request)
		want   string
	}{
		"a short retention":      {func(f *fakeServer, _ *Request) { f.retention = "12" }, "binlog retention is 12 h: run CALL mysql.rds_set_configuration('binlog retention hours', 24)"},
		"no table":               {func(_ *fakeServer, r *Request) { r.Tables = []Table{RetailTrans} }, "table testdb.retail_trans is missing"},
		"no user":                {func(f *fakeServer, _ *Request) { f.users["cdc"].password = "other" }, "replication user's login is Error 1045"},
		"no privilege to read":   {func(f *fakeServer, _ *Request) { delete(f.users["cdc"].privileges, "SELECT ON `my_shop`.*") }, "run GRANT SELECT ON `my\\_shop`.* TO 'cdc'@'%'"},
		"no privilege to follow": {func(f *fakeServer, _ *Request) { delete(f.users["cdc"].privileges, "REPLICATION SLAVE ON *.*") }, "run GRANT REPLICATION SLAVE ON *.*"},
		"another address":        {func(_ *fakeServer, r *Request) { r.secretAddress = "old:3306" }, "host and port in the replication secret is old:3306: write db:3306 into it"},
	} {
		t.Run(name, func(t *testing.T) {
			f, req := checked()
			c.change(f, &req)
			_, err := runOn(f, req)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, f.statements)
		})
	}
}

func TestACheckWarnsOfARetentionThatItMayNotSee(t *testing.T) {
	f, req := checked()
	f.rds = false
	findings, err := runOn(f, req)
	require.NoError(t, err)
	require.Equal(t, "warning: hidden from this user", findings.Summary()["binlog retention"])
}
