-- shop_orders: changed most often
-- The rows of shop.Orders with the most changes.
SELECT coalesce("cdc_before_tenant", "tenant") AS "tenant", coalesce("cdc_before_id", "id") AS "id", count(*) AS "changes", max("cdc_committed_at") AS "last"
FROM "shop_orders_changes"
WHERE "cdc_operation" <> 'load'
GROUP BY 1, 2
ORDER BY "changes" DESC, "last" DESC
LIMIT 100
