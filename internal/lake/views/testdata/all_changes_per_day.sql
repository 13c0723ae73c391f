-- all tables: changes per day
-- How much was changed in each table on each day, in UTC.
SELECT 'shop.Orders' AS "table", substr(json_extract_scalar(record, '$["metadata"]["commit-timestamp"]'), 1, 10) AS "day", count(*) AS "changes"
FROM "shop_orders_records"
WHERE json_extract_scalar(record, '$["metadata"]["record-type"]') = 'data' AND json_extract_scalar(record, '$["metadata"]["operation"]') <> 'load' AND TRY(json_parse(record)) IS NOT NULL
GROUP BY 1, 2
UNION ALL
SELECT 'shop.lines' AS "table", substr(json_extract_scalar(record, '$["metadata"]["commit-timestamp"]'), 1, 10) AS "day", count(*) AS "changes"
FROM "shop_lines_records"
WHERE json_extract_scalar(record, '$["metadata"]["record-type"]') = 'data' AND json_extract_scalar(record, '$["metadata"]["operation"]') <> 'load' AND TRY(json_parse(record)) IS NOT NULL
GROUP BY 1, 2
ORDER BY 2 DESC, 1
