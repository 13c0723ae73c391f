-- shop_orders: changes per day
-- How many rows of shop.Orders were inserted, updated and deleted on each day, in UTC.
SELECT
  CAST("cdc_committed_at" AS date) AS "day",
  sum(CASE WHEN "cdc_operation" = 'insert' THEN 1 ELSE 0 END) AS "inserts",
  sum(CASE WHEN "cdc_operation" = 'update' THEN 1 ELSE 0 END) AS "updates",
  sum(CASE WHEN "cdc_operation" = 'delete' THEN 1 ELSE 0 END) AS "deletes"
FROM "shop_orders_changes"
WHERE "cdc_operation" <> 'load'
GROUP BY 1
ORDER BY 1 DESC
