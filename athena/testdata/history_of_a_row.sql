-- shop_orders: history of a row
-- Everything that happened to one row of shop.Orders, by its key: text in single quotes.
SELECT *
FROM "shop_orders_changes"
WHERE "tenant" = ? AND "id" = ?
ORDER BY CASE WHEN "cdc_operation" = 'load' THEN 0 ELSE 1 END, "cdc_binlog_file", "cdc_binlog_offset", "cdc_transaction_record", "cdc_recorded_at"
