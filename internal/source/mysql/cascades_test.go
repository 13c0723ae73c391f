package mysql

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// constrained is a server with foreign keys between three tables; the request follows the two children.
func constrained(onDelete, onUpdate string) (*fakeServer, Request) {
	f, req := shop()
	customers, orders, items := Table{Database: "my_shop", Table: "customers"}, Table{Database: "my_shop", Table: "orders"}, Table{Database: "my_shop", Table: "items"}
	f.foreign = []fakeForeignKey{
		{child: orders, parent: customers, name: "of_customer", onDelete: onDelete, onUpdate: onUpdate, column: "customer", referenced: "id"},
		{child: items, parent: orders, name: "of_order", onDelete: "RESTRICT", onUpdate: "NO ACTION", column: "order", referenced: "id"},
		{child: Table{Database: "stock", Table: "bins"}, parent: orders, name: "of_order", onDelete: "CASCADE", onUpdate: "CASCADE", column: "order", referenced: "id"},
	}
	req.Tables, req.Exclude = []Table{orders, items}, nil
	return f, req
}

func TestForeignKeysThatChangeRowsAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ onDelete, onUpdate, want string }{
		"rows deleted":       {"CASCADE", "RESTRICT", "warning: ON DELETE CASCADE from my_shop.customers, which no record tells of"},
		"columns emptied":    {"SET NULL", "NO ACTION", "warning: ON DELETE SET NULL from my_shop.customers, which no record tells of"},
		"a default":          {"SET DEFAULT", "NO ACTION", "warning: ON DELETE SET DEFAULT from my_shop.customers, which no record tells of"},
		"a key that follows": {"RESTRICT", "CASCADE", "warning: ON UPDATE CASCADE from my_shop.customers, which no record tells of"},
		"both":               {"CASCADE", "SET NULL", "warning: ON DELETE CASCADE ON UPDATE SET NULL from my_shop.customers, which no record tells of"},
		"one that keeps":     {"NO ACTION", "RESTRICT", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, req := constrained(c.onDelete, c.onUpdate)
			findings, err := runOn(f, req)
			require.NoError(t, err)
			require.Equal(t, c.want, findings.Summary()["foreign key of_customer of my_shop.orders"], "its parent is not followed, and need not be")
			require.NotContains(t, findings.Summary(), "foreign key of_order of my_shop.items")
			require.NotContains(t, findings.Summary(), "foreign key of_order of stock.bins", "nobody follows that table")
		})
	}
}

func TestForeignKeysThatChangeRowsFailOnDemand(t *testing.T) {
	f, req := constrained("CASCADE", "RESTRICT")
	req.FailOnCascades = true
	findings, err := runOn(f, req)
	require.ErrorContains(t, err, "foreign key of_customer of my_shop.orders is ON DELETE CASCADE from my_shop.customers, which no record tells of: run ALTER TABLE")
	require.ErrorContains(t, err, "or set source.cascades to warn")
	require.Equal(t, []string{
		"ALTER TABLE `my_shop`.`orders` DROP FOREIGN KEY `of_customer`",
		"ALTER TABLE `my_shop`.`orders` ADD CONSTRAINT `of_customer` FOREIGN KEY (`customer`) REFERENCES `my_shop`.`customers` (`id`)",
	}, named(findings, "foreign key of_customer of my_shop.orders").SQL)
}

// MySQL 9.6 logs the changes by foreign keys, unless it is configured to leave them to InnoDB as before.
func TestAServerThatLogsWhatForeignKeysChangeIsNotWarnedOf(t *testing.T) {
	for value, warned := range map[string]bool{"OFF": false, "ON": true} {
		f, req := constrained("CASCADE", "CASCADE")
		f.variables["innodb_native_foreign_keys"] = value
		findings, err := runOn(f, req)
		require.NoError(t, err)
		require.Equal(t, warned, len(findings.Warnings()) == 1, value)
	}
}
