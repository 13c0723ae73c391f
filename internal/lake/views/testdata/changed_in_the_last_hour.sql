-- shop_orders: changed in the last hour
-- What was changed in shop.Orders in the last hour, the latest first. Reads one day or two.
SELECT *
FROM "shop_orders_changes"
WHERE "cdc_dt" >= date_format(current_timestamp - INTERVAL '1' HOUR, '%Y-%m-%d')
  AND coalesce("cdc_committed_at" >= CAST(current_timestamp AT TIME ZONE 'UTC' AS timestamp(6)) - INTERVAL '1' HOUR, true)
ORDER BY "cdc_committed_at" DESC, "cdc_binlog_file" DESC, "cdc_binlog_offset" DESC, "cdc_transaction_record" DESC
