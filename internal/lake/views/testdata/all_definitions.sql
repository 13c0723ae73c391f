-- all tables: definitions
-- What DMS said of the tables themselves: how it made them, and how they were altered.
SELECT
  json_extract_scalar(record, '$["metadata"]["timestamp"]') AS "at",
  json_extract_scalar(record, '$["metadata"]["schema-name"]') AS "database",
  json_extract_scalar(record, '$["metadata"]["table-name"]') AS "table",
  json_extract_scalar(record, '$["metadata"]["operation"]') AS "operation",
  record
FROM "dms_control_records"
WHERE json_extract_scalar(record, '$["metadata"]["record-type"]') = 'control' AND TRY(json_parse(record)) IS NOT NULL
ORDER BY 1
