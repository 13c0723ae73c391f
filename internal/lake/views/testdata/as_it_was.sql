-- shop_orders: as it was
-- The rows of shop.Orders as they were at a time after its load (the one of source.rowsSince, if that is set), in UTC: '2026-11-23 17:00:00'.
WITH states AS (
  SELECT
    "tenant",
    "id",
    "total",
    "placed_at",
    "due",
    "paid",
    "no_te_s",
    "cdc_unreadable",
    CASE WHEN "cdc_left" THEN "cdc_key_before" ELSE "cdc_key" END AS "cdc_key",
    "cdc_left" OR "cdc_operation" = 'delete' AS "cdc_gone",
    CASE WHEN "cdc_operation" = 'load' THEN -1 WHEN "cdc_operation" IN ('insert', 'update', 'delete') THEN "cdc_binlog_file" END AS "cdc_binlog_file",
    "cdc_binlog_offset",
    "cdc_transaction_record",
    coalesce("cdc_committed_at", "cdc_recorded_at") AS "cdc_at",
    coalesce("cdc_operation", 'no operation') || ' at ' || coalesce("cdc_stream_position", 'no position') AS "cdc_place"
  FROM "shop_orders_changes"
  CROSS JOIN UNNEST(CASE WHEN "cdc_operation" = 'update' AND "cdc_key_before" <> "cdc_key" THEN ARRAY[false, true] ELSE ARRAY[false] END) AS unfolded ("cdc_left")
  WHERE ("cdc_operation" = 'load' OR coalesce("cdc_committed_at" <= CAST(? AS timestamp(6)), true))
),
ranked AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY "cdc_key"
      ORDER BY "cdc_binlog_file" DESC NULLS LAST, "cdc_binlog_offset" DESC NULLS LAST, "cdc_transaction_record" DESC NULLS LAST, "cdc_at" DESC NULLS LAST
    ) AS "cdc_rank",
    max(CASE WHEN "cdc_binlog_file" IS NULL THEN 'a change without a place in the binlog: ' || "cdc_place" END) OVER (PARTITION BY "cdc_key") AS "cdc_astray"
  FROM states
)
SELECT
  "tenant",
  "id",
  "total",
  "placed_at",
  "due",
  "paid",
  "no_te_s",
  nullif(concat_ws('; ', "cdc_unreadable", "cdc_astray"), '') AS "cdc_unreadable"
FROM ranked
WHERE "cdc_rank" = 1 AND NOT coalesce("cdc_gone", false)
