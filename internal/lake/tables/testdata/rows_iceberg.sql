SELECT
  "tenant",
  "id",
  "total",
  CAST(at_timezone("placed_at", 'UTC') AS timestamp(6)) AS "placed_at",
  CAST(at_timezone("seen", 'UTC') AS timestamp(3)) AS "seen",
  "due",
  "paid",
  "rate",
  "weight",
  "year",
  "digits",
  "source_cdc_key" AS "cdc_key"
FROM "shop_order_lines_table"
WHERE NOT "cdc_gone"
