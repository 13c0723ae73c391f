"""Reads a table with an engine that shares no code with Spark, and prints its rows: one line of JSON each, with
numbers that have a point and times as text.

    readers.py READER TABLE LOCATION

READER is pyiceberg, delta-rs, hudi-rs, duckdb-iceberg or duckdb-delta; TABLE is database.table in the Glue Data
Catalog, LOCATION s3://bucket/folder. AWS_ENDPOINT_URL and the AWS SDKs' variables give the endpoint.
"""

import json
import os
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
REGION = os.environ["AWS_REGION"]
KEY, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
STORE = {"AWS_ENDPOINT_URL": ENDPOINT, "AWS_ALLOW_HTTP": "true", "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


def iceberg(table):
    from pyiceberg.catalog import load_catalog

    settings = {f"{what}.{name}": value for what in ("glue", "s3") for name, value in (("endpoint", ENDPOINT), ("region", REGION), ("access-key-id", KEY), ("secret-access-key", SECRET))}
    return load_catalog("lake", type="glue", **settings).load_table(table)


def duckdb():
    """A DuckDB connection that can read tables in S3."""
    import duckdb
    import duckdb_ext

    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("httpfs", "avro", "iceberg", "delta"):
        (file,) = Path(list(duckdb_ext.__path__)[0]).glob(f"extensions/v{duckdb.__version__}/*/{name}.duckdb_extension")
        connection.execute(f"LOAD '{file}'")
    connection.execute(f"CREATE SECRET s (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', REGION '{REGION}', ENDPOINT '{ENDPOINT.split('//')[1]}', URL_STYLE 'path', USE_SSL false)")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # it is drawn among what a program prints that is no file
    return connection


def scan(reader, table, location):
    """The table in DuckDB's syntax."""
    return f"iceberg_scan('{iceberg(table).metadata_location}')" if reader == "duckdb-iceberg" else f"delta_scan('{location}')"


def read(reader, table, location):
    if reader == "pyiceberg":
        return iceberg(table).scan().to_arrow()
    if reader == "delta-rs":
        from deltalake import DeltaTable

        return DeltaTable(location, storage_options=STORE).to_pyarrow_table()
    if reader == "hudi-rs":
        from hudi import HudiTableBuilder

        found = HudiTableBuilder.from_base_uri(location).with_options(STORE).build().read()
        return pyarrow.Table.from_batches([pyarrow.record_batch(batch) for batch in found])
    if reader in ("duckdb-iceberg", "duckdb-delta"):
        return duckdb().execute(f"SELECT * FROM {scan(reader, table, location)}").fetch_arrow_table()
    raise SystemExit(f"there is no reader {reader}")


def text(value):
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value))


if __name__ == "__main__":
    for batch in read(*sys.argv[1:4]).to_batches():
        for row in batch.to_pylist():
            print(json.dumps(row, default=text, ensure_ascii=False))
