package mysql

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesInAnotherCaseAreRefusedBeforeAnythingIsMade(t *testing.T) {
	for name, c := range map[string]struct {
		mode   string
		change func(*Request)
		want   string
	}{
		"a table":            {"1", func(r *Request) { r.Tables = []Table{{Database: "My_Shop", Table: "Orders"}}; r.Exclude = nil }, `spelling of My_Shop.Orders is not in lower case, and lower_case_table_names is 1: write {database: "my_shop", table: "orders"} in source.tables`},
		"a pattern":          {"1", func(r *Request) { r.Tables = []Table{{Database: "My_Shop", Table: "%"}} }, `spelling of My_Shop.% is not in lower case, and lower_case_table_names is 1: write {database: "my_shop", table: "%"} in source.tables`},
		"an exclusion":       {"1", func(r *Request) { r.Exclude = []Table{{Database: "%", Table: "Tmp_%"}} }, `spelling of %.Tmp_% is not in lower case, and lower_case_table_names is 1: write {database: "%", table: "tmp_%"} in source.exclude`},
		"files without case": {"2", func(r *Request) { r.Tables = []Table{{Database: "my_shop", Table: "Orders"}}; r.Exclude = nil }, `write {database: "my_shop", table: "orders"} in source.tables`},
	} {
		t.Run(name, func(t *testing.T) {
			f, req := shop()
			f.variables["lower_case_table_names"] = c.mode
			c.change(&req)
			_, err := runOn(f, req)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, f.statements)
		})
	}
}

func TestNamesInLowerCaseAreTakenEverywhere(t *testing.T) {
	for _, mode := range []string{"0", "1", "2"} {
		f, req := shop()
		f.variables["lower_case_table_names"] = mode
		_, err := runOn(f, req)
		require.NoError(t, err, mode)
	}
	f, req := shop()
	f.variables["lower_case_table_names"] = "0"
	f.databases["Shop"] = true
	f.tables[Table{Database: "Shop", Table: "Orders"}] = f.tables[Table{Database: "my_shop", Table: "orders"}]
	req.Tables = append(req.Tables, Table{Database: "Shop", Table: "Orders"})
	_, err := runOn(f, req)
	require.NoError(t, err, "this server tells them apart, as DMS does")
}

func TestATableThatIsThereInAnotherCaseIsNamed(t *testing.T) {
	f, req := shop()
	req.Tables, req.Exclude = []Table{{Database: "my_shop", Table: "Orders"}}, nil
	_, err := runOn(f, req)
	require.ErrorContains(t, err, `table my_shop.Orders is missing, and my_shop.orders is there: write {database: "my_shop", table: "orders"} in source.tables`)
}

// On a case-insensitive file system DMS captures nothing from a table with an upper-case letter, even if a pattern
// matches it.
func TestATableOfAPatternWithUpperCaseIsRenamedOrLeftOut(t *testing.T) {
	f, req := shop()
	f.variables["lower_case_table_names"] = "2"
	f.tables[Table{Database: "my_shop", Table: "Orders"}] = f.tables[Table{Database: "my_shop", Table: "orders"}]
	delete(f.tables, Table{Database: "my_shop", Table: "orders"})
	_, err := runOn(f, req)
	require.ErrorContains(t, err, "spelling of my_shop.Orders is not in lower case, and lower_case_table_names is 2: "+
		"run RENAME TABLE `my_shop`.`Orders` TO `my_shop`.`orders_2`, `my_shop`.`orders_2` TO `my_shop`.`orders`, or add {database: \"my_shop\", table: \"Orders\"} to source.exclude")
	req.Exclude = append(req.Exclude, Table{Database: "my_shop", Table: "Orders"})
	_, err = runOn(f, req)
	require.NoError(t, err)
}
