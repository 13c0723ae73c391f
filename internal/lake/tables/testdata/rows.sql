SELECT
  "tenant",
  "id",
  "total",
  CAST(at_timezone(CAST("placed_at" AS timestamp(6) with time zone), 'UTC') AS timestamp(6)) AS "placed_at",
  CAST(at_timezone(CAST("seen" AS timestamp(6) with time zone), 'UTC') AS timestamp(3)) AS "seen",
  "due",
  "paid",
  "rate",
  "weight",
  "year",
  "digits",
  "source_cdc_key" AS "cdc_key"
FROM "shop_order_lines_table"
WHERE NOT "cdc_gone"
