SELECT
  CAST(json_extract_scalar(record, '$["data"]["tenant"]') AS bigint) AS "tenant",
  CAST(json_extract_scalar(record, '$["data"]["id"]') AS decimal(20,0)) AS "id",
  CAST(json_extract_scalar(record, '$["data"]["Total"]') AS decimal(12,2)) AS "total",
  CAST(replace(replace(json_extract_scalar(record, '$["data"]["placed-at"]'), 'T', ' '), 'Z', '') AS timestamp(6)) AS "placed_at",
  CAST(substr(json_extract_scalar(record, '$["data"]["due"]'), 1, 10) AS date) AS "due",
  CAST(json_extract_scalar(record, '$["data"]["paid"]') AS boolean) AS "paid",
  json_extract_scalar(record, '$["data"]["no\"te''s"]') AS "no_te_s",
  json_extract_scalar(record, '$["metadata"]["operation"]') AS "cdc_operation",
  CAST(replace(replace(json_extract_scalar(record, '$["metadata"]["commit-timestamp"]'), 'T', ' '), 'Z', '') AS timestamp(6)) AS "cdc_committed_at",
  CAST(replace(replace(json_extract_scalar(record, '$["metadata"]["timestamp"]'), 'T', ' '), 'Z', '') AS timestamp(6)) AS "cdc_recorded_at",
  json_extract_scalar(record, '$["metadata"]["transaction-id"]') AS "cdc_transaction_id",
  CAST(json_extract_scalar(record, '$["metadata"]["transaction-record-id"]') AS bigint) AS "cdc_transaction_record",
  json_extract_scalar(record, '$["metadata"]["stream-position"]') AS "cdc_stream_position",
  CAST(regexp_extract(json_extract_scalar(record, '$["metadata"]["stream-position"]'), '^[^:]+\.([0-9]+):([0-9]+)', 1) AS bigint) AS "cdc_binlog_file",
  CAST(regexp_extract(json_extract_scalar(record, '$["metadata"]["stream-position"]'), '^[^:]+\.([0-9]+):([0-9]+)', 2) AS bigint) AS "cdc_binlog_offset",
  CAST(json_extract_scalar(record, '$["before-image"]["tenant"]') AS bigint) AS "cdc_before_tenant",
  CAST(json_extract_scalar(record, '$["before-image"]["id"]') AS decimal(20,0)) AS "cdc_before_id",
  "dt" AS "cdc_dt",
  "hour" AS "cdc_hour"
FROM "shop_orders_records"
WHERE json_extract_scalar(record, '$["metadata"]["record-type"]') = 'data'
