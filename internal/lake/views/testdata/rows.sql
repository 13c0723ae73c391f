WITH states AS (
  SELECT
    CASE WHEN "cdc_left" THEN coalesce("cdc_before_tenant", "tenant") ELSE "tenant" END AS "tenant",
    CASE WHEN "cdc_left" THEN coalesce("cdc_before_id", "id") ELSE "id" END AS "id",
    "total",
    "placed_at",
    "due",
    "paid",
    "no_te_s",
    "cdc_left" OR "cdc_operation" = 'delete' AS "cdc_gone",
    CASE WHEN "cdc_operation" = 'load' THEN -1 ELSE coalesce("cdc_binlog_file", CAST(concat('no place in a binlog: ', coalesce("cdc_stream_position", 'none')) AS bigint)) END AS "cdc_binlog_file",
    "cdc_binlog_offset",
    "cdc_transaction_record",
    coalesce("cdc_committed_at", "cdc_recorded_at") AS "cdc_at"
  FROM "shop_orders_changes"
  CROSS JOIN UNNEST(CASE WHEN "cdc_operation" = 'update' AND ("cdc_before_tenant" <> "tenant" OR "cdc_before_id" <> "id") THEN ARRAY[false, true] ELSE ARRAY[false] END) AS unfolded ("cdc_left")
),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY "tenant", "id"
    ORDER BY "cdc_binlog_file" DESC, "cdc_binlog_offset" DESC NULLS LAST, "cdc_transaction_record" DESC NULLS LAST, "cdc_at" DESC NULLS LAST
  ) AS "cdc_rank"
  FROM states
)
SELECT
  "tenant",
  "id",
  "total",
  "placed_at",
  "due",
  "paid",
  "no_te_s"
FROM ranked
WHERE "cdc_rank" = 1 AND NOT "cdc_gone"
