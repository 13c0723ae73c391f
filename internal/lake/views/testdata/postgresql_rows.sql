WITH states AS (
  SELECT
    "id",
    "tag",
    "price",
    "placed",
    "paid",
    "body",
    "cdc_unreadable",
    CASE WHEN "cdc_left" THEN "cdc_key_before" ELSE "cdc_key" END AS "cdc_key",
    "cdc_left" OR "cdc_operation" = 'delete' AS "cdc_gone",
    CASE WHEN "cdc_operation" = 'load' THEN '' WHEN "cdc_operation" IN ('insert', 'update', 'delete') AND "cdc_lsn" > '00000000/00000000' AND "cdc_lsn" <= '3FFFFFFF/FFFFFFFF' AND "cdc_transaction_record" >= 1 AND NOT ("cdc_operation" <> 'insert' AND "cdc_transaction_record" > 1 AND "cdc_lsn" = "cdc_second_lsn") THEN "cdc_lsn" END AS "cdc_lsn",
    "cdc_transaction_record",
    coalesce("cdc_committed_at", "cdc_recorded_at") AS "cdc_at",
    coalesce("cdc_operation", 'no operation') || ' at ' || coalesce("cdc_stream_position", 'no position') AS "cdc_place"
  FROM "shop_notes_changes"
  CROSS JOIN UNNEST(CASE WHEN "cdc_operation" = 'update' AND "cdc_key_before" <> "cdc_key" THEN ARRAY[false, true] ELSE ARRAY[false] END) AS unfolded ("cdc_left")
),
ranked AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY "cdc_key"
      ORDER BY "cdc_lsn" DESC NULLS LAST, "cdc_transaction_record" DESC NULLS LAST, "cdc_at" DESC NULLS LAST
    ) AS "cdc_rank",
    max(CASE WHEN "cdc_lsn" IS NULL THEN 'a change without a place in the log: ' || "cdc_place" END) OVER (PARTITION BY "cdc_key") AS "cdc_astray"
  FROM states
)
SELECT
  "id",
  "tag",
  "price",
  "placed",
  "paid",
  "body",
  nullif(concat_ws('; ', "cdc_unreadable", "cdc_astray"), '') AS "cdc_unreadable"
FROM ranked
WHERE "cdc_rank" = 1 AND NOT coalesce("cdc_gone", false)
