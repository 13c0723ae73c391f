"""Measures how long DuckDB takes to read rows from a table, and to compute the same rows from the records:

    query.py READER TABLE LOCATION RECORDS TIMES KEY...

readers.py explains READER, TABLE and LOCATION. RECORDS is a pattern of objects; if it is empty, only the table is read. For each query it
prints a line of JSON: `of` is table or records, `what` is all or one, `wall` and `cpu` are seconds, `answer` is the result.

The records are read like in the view of rows (internal/lake/views), but in DuckDB's SQL and without the checks for unreadable values. So
it is faster than the view.
"""

import json
import sys
import time

import readers

COLUMNS = "id, customer, status, total, note, placed_at::TIMESTAMP AS placed_at, updated_at::TIMESTAMP AS updated_at"
PATHS = [
    "$.data.id", "$.data.customer", "$.data.status", "$.data.total", "$.data.note", "$.data.placed_at", "$.data.updated_at", "$.metadata.operation",
    '$."before-image".id', '$.metadata."stream-position"', '$.metadata."transaction-record-id"', '$.metadata."commit-timestamp"', '$.metadata.timestamp',
]  # fmt: skip
PLACE = r"'^[^:]+\.([0-9]{1,18}):([0-9]{1,18})(:|$)'"


def worked_out(records):
    paths = ", ".join("'" + path + "'" for path in PATHS)
    return f"""
WITH texts AS (SELECT json_extract_string(json, [{paths}]) AS t FROM read_ndjson_objects('{records}')),
changes AS (
  SELECT
    TRY_CAST(t[1] AS BIGINT) AS id, TRY_CAST(t[2] AS BIGINT) AS customer, t[3] AS status, TRY_CAST(t[4] AS DECIMAL(12, 2)) AS total, t[5] AS note,
    TRY_CAST(replace(replace(t[6], 'T', ' '), 'Z', '') AS TIMESTAMP) AS placed_at, TRY_CAST(replace(replace(t[7], 'T', ' '), 'Z', '') AS TIMESTAMP) AS updated_at,
    t[8] AS operation, coalesce(TRY_CAST(t[9] AS BIGINT), TRY_CAST(t[1] AS BIGINT)) AS before_id,
    CASE WHEN t[8] = 'load' THEN -1 ELSE TRY_CAST(regexp_extract(t[10], {PLACE}, 1) AS BIGINT) END AS binlog_file,
    TRY_CAST(regexp_extract(t[10], {PLACE}, 2) AS BIGINT) AS binlog_offset, TRY_CAST(t[11] AS BIGINT) AS record,
    TRY_CAST(replace(replace(coalesce(t[12], t[13]), 'T', ' '), 'Z', '') AS TIMESTAMP) AS made
  FROM texts
),
states AS (SELECT *, unnest(CASE WHEN operation = 'update' AND before_id <> id THEN [false, true] ELSE [false] END) AS moved FROM changes),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY [CASE WHEN moved THEN before_id ELSE id END::VARCHAR]
    ORDER BY binlog_file DESC NULLS LAST, binlog_offset DESC NULLS LAST, record DESC NULLS LAST, made DESC NULLS LAST
  ) AS rank
  FROM states
)
SELECT {COLUMNS} FROM ranked WHERE rank = 1 AND NOT (moved OR operation = 'delete')"""


def main(reader, table, location, records, times, *keys):
    db = readers.duckdb()
    db.execute("SET enable_external_file_cache = false")  # each query reads from S3 again
    db.execute("SET threads = 2")
    readers.scan(reader, table, location)  # loads the extension that reads tables

    def ask(of, what, sql):
        wall, cpu = time.perf_counter(), time.process_time()
        # Each query finds the table again, because a reader must also read which version is the latest.
        rows = sql if of == "records" else f"SELECT {COLUMNS} FROM {readers.scan(reader, table, location)} WHERE NOT cdc_gone"
        condition = f"WHERE id = {what}" if what else ""
        found = db.execute(f"SELECT count(*), sum(total), bit_xor(hash(r)) FROM ({rows}) AS r {condition}").fetchone()
        print(json.dumps({
            "of": of, "what": "one" if what else "all", "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "answer": ", ".join(map(str, found)),
        }), flush=True)  # fmt: skip

    for of, sql in {"table": "", **({"records": worked_out(records)} if records else {})}.items():
        for _ in range(int(times)):
            ask(of, None, sql)
        for key in keys:
            ask(of, key, sql)


main(*sys.argv[1:])
