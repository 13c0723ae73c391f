-- all tables: records that nobody can place
-- Lines that are not one record of a row, or that do not say where in the binlog they come from. There should be none.
SELECT 'shop.Orders' AS "table", "dt", "hour", record
FROM "shop_orders_records"
WHERE trim(record) <> '' AND NOT coalesce(json_extract_scalar(record, '$["metadata"]["record-type"]') = 'data' AND TRY(json_parse(record)) IS NOT NULL AND (json_extract_scalar(record, '$["metadata"]["operation"]') = 'load' OR json_extract_scalar(record, '$["metadata"]["operation"]') IN ('insert', 'update', 'delete') AND regexp_like(json_extract_scalar(record, '$["metadata"]["stream-position"]'), '^[^:]+\.([0-9]{1,18}):([0-9]{1,18})(:|$)')), false)
UNION ALL
SELECT 'shop.lines' AS "table", "dt", "hour", record
FROM "shop_lines_records"
WHERE trim(record) <> '' AND NOT coalesce(json_extract_scalar(record, '$["metadata"]["record-type"]') = 'data' AND TRY(json_parse(record)) IS NOT NULL AND (json_extract_scalar(record, '$["metadata"]["operation"]') = 'load' OR json_extract_scalar(record, '$["metadata"]["operation"]') IN ('insert', 'update', 'delete') AND regexp_like(json_extract_scalar(record, '$["metadata"]["stream-position"]'), '^[^:]+\.([0-9]{1,18}):([0-9]{1,18})(:|$)')), false)
ORDER BY 2, 3, 1
