SELECT 'shop.notes' AS "table", "dt", "hour", record
FROM "shop_notes_records"
WHERE trim(record) <> '' AND NOT coalesce(json_extract_scalar(record, '$["metadata"]["record-type"]') = 'data' AND TRY(json_parse(record)) IS NOT NULL AND (json_extract_scalar(record, '$["metadata"]["operation"]') = 'load' OR json_extract_scalar(record, '$["metadata"]["operation"]') IN ('insert', 'update', 'delete') AND regexp_like(json_extract_scalar(record, '$["metadata"]["stream-position"]'), '^([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})\.[0-9]+\.([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})$')), false)
ORDER BY 2, 3, 1
