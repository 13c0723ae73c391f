-- shop_orders: history of a row
-- Everything that happened to one row of shop.Orders, by its key: text in single quotes.
SELECT *
FROM "shop_orders_changes"
WHERE "tenant" = ? AND "id" = ?
ORDER BY coalesce("cdc_committed_at", "cdc_recorded_at"), "cdc_binlog_file", "cdc_binlog_offset", "cdc_transaction_record"
