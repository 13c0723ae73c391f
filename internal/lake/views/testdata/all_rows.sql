-- all tables: rows
-- How many rows each table has now.
SELECT 'shop.Orders' AS "table", count(*) AS "rows" FROM "shop_orders"
UNION ALL
SELECT 'shop.lines' AS "table", count(*) AS "rows" FROM "shop_lines"
ORDER BY 1
