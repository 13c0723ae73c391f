-- shop_orders: deleted rows
-- The rows that were deleted from shop.Orders, as they were before, the latest first.
SELECT *
FROM "shop_orders_changes"
WHERE "cdc_operation" = 'delete'
ORDER BY "cdc_committed_at" DESC, "cdc_binlog_file" DESC, "cdc_binlog_offset" DESC, "cdc_transaction_record" DESC
LIMIT 1000
