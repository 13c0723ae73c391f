package stages

import (
	"cdcpipeline/rehearsal/report"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// orders and their items are followed, customers are not. The rules of three foreign keys change items.
var cascading = []string{"shop.orders", "shop.order_items"}

var cascadingSQL = []string{
	`CREATE TABLE shop.customers (customer_id INT PRIMARY KEY)`,
	`CREATE TABLE shop.orders (order_id INT PRIMARY KEY, customer_id INT,
		CONSTRAINT order_of_customer FOREIGN KEY (customer_id) REFERENCES shop.customers (customer_id) ON DELETE CASCADE)`,
	`CREATE TABLE shop.order_items (item_id INT PRIMARY KEY, order_id INT, giver INT, replaces INT,
		CONSTRAINT item_of_order FOREIGN KEY (order_id) REFERENCES shop.orders (order_id) ON DELETE CASCADE ON UPDATE CASCADE,
		CONSTRAINT item_of_giver FOREIGN KEY (giver) REFERENCES shop.customers (customer_id) ON DELETE SET NULL,
		CONSTRAINT item_replaced FOREIGN KEY (replaces) REFERENCES shop.order_items (item_id) ON DELETE RESTRICT)`,
	`INSERT INTO shop.customers VALUES (1), (2), (3)`,
	`INSERT INTO shop.orders VALUES (10, 1), (20, 2)`,
	`INSERT INTO shop.order_items VALUES (100, 10, 3, NULL), (101, 10, NULL, NULL), (200, 20, 3, NULL)`,
}

// Cascades follows tables whose rows disappear with a row of another table. The bootstrap names each such constraint,
// a comparison names each lost row, and a reload repairs them.
func Cascades(ctx context.Context, r *Run) error {
	db := r.World.Database.Root()
	if err := execute(ctx, db, cascadingSQL...); err != nil {
		return err
	}
	for i, name := range cascading {
		database, table, _ := strings.Cut(name, ".")
		for key, value := range map[string]string{"database": database, "table": table} {
			if err := r.Stack.SetConfig(ctx, "cdc-pipeline:source.tables["+strconv.Itoa(len(tables)+i)+"]."+key, value); err != nil {
				return err
			}
		}
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("adding the tables: %w", err)
	}
	found, err := constraintsWarned(ctx, r)
	r.Report.ForeignKeys = &found
	if err != nil {
		return err
	}
	ca := r.World.Site.Authority.File()
	reload := []string{"start", "--reload-table", cascading[0], "--reload-table", cascading[1], "--ca", ca}
	compare := []string{"verify", "--deep", "--timeout", "5s", "--table", cascading[0], "--table", cascading[1], "--ca", ca}
	if _, err := r.Tool.Run(ctx, "start-reload-children", 0, reload...); err != nil {
		return err
	}
	if err := r.World.Firehose.Drain(ctx); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	if err := execute(ctx, db, `DELETE FROM shop.customers WHERE customer_id = 1`); err != nil {
		return err
	}
	text, err := r.Tool.Run(ctx, "verify-deep-cascade", 1, compare...)
	if err != nil {
		return err
	}
	for _, gone := range []string{"shop.orders order_id=10", "shop.order_items item_id=100", "shop.order_items item_id=101"} {
		for _, sink := range []string{"lake", "history", "current"} {
			if !strings.Contains(text, sink+" extra "+gone) {
				return fmt.Errorf("cdc verify --deep does not say that %s has %s, which went with its parent: %s", sink, gone, text)
			}
		}
	}
	if _, err := r.Tool.Run(ctx, "start-reload-cascade", 0, reload...); err != nil {
		return err
	}
	if err := follow(ctx, r, "start-reload-cascade"); err != nil {
		return err
	}
	if err := r.World.Firehose.Drain(ctx); err != nil {
		return fmt.Errorf("waiting for the deliveries: %w", err)
	}
	_, err = r.Tool.Run(ctx, "verify-deep-cascaded", 0, compare...)
	return err
}

// constraintsWarned counts the constraints that change rows of followed tables: those in the database, and those in
// the bootstrap's warnings in the stack's output.
func constraintsWarned(ctx context.Context, r *Run) (report.ForeignKeys, error) {
	var found report.ForeignKeys
	rows, err := r.World.Database.Root().QueryContext(ctx, `SELECT CONSTRAINT_NAME, CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME)
		FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'shop' AND 'RESTRICT' NOT IN (DELETE_RULE)`)
	if err != nil {
		return found, fmt.Errorf("reading the foreign keys: %w", err)
	}
	defer rows.Close()
	findings, _ := r.Outputs["bootstrapFindings"].(map[string]any)
	for rows.Next() {
		var name, child string
		if err := rows.Scan(&name, &child); err != nil {
			return found, fmt.Errorf("reading a foreign key: %w", err)
		}
		found.Constraints++
		if line := fmt.Sprint(findings["foreign key "+name+" of "+child]); strings.HasPrefix(line, "warning: ON DELETE ") {
			found.Warned++
		}
	}
	if err := rows.Err(); err != nil {
		return found, fmt.Errorf("reading the foreign keys: %w", err)
	}
	if found.Constraints == 0 || found.Warned != found.Constraints {
		err = errors.New("the bootstrap does not name every foreign key that deletes or empties rows")
	}
	return found, err
}
