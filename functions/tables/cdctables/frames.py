"""Reads objects on Spark's workers into a data frame of states."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from cdctables.objects import Object
from cdctables.reader import CHUNK, METADATA, Reader, Told, read
from cdctables.spec import Table


TOLD = "cdc_told"
"""The column with `Told.text`, what records report beside states. One row for each part of the objects has this
column, with all other columns NULL."""


def schema(table: Table) -> list[tuple[str, str]]:
    """Names and Spark types of the columns of `states`."""
    return [(c.name, c.type) for c in table.columns] + list(METADATA) + [(TOLD, "string")]


def states(
    spark: SparkSession, table: Table, objects: Iterable[Object], client: Callable[[], Any], bucket: str, errors: str,
    binlog: str = "", purged: datetime | None = None,
) -> DataFrame:  # fmt: skip
    """The content of objects, with the columns of `schema`. `client` makes an S3 client on the worker."""
    names, keys = schema(table), [o.key for o in objects]

    def work(arrived: Iterable[Any]) -> Iterator[Any]:
        import pyarrow

        s3, types, told = client(), [_arrow(pyarrow, t) for _, t in names], Told()
        reader = Reader(table, binlog, purged)

        def get(key: str) -> bytes:
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

        def refuse(key: str, lines: list[bytes]) -> None:
            s3.put_object(Bucket=bucket, Key=f"{errors}/{key.removesuffix('.gz')}.jsonl.gz", Body=gzip.compress(b"".join(lines), mtime=0))

        def rows() -> Iterator[tuple[Any, ...]]:
            mine = (keys[i] for batch in arrived for i in batch.column(0).to_pylist())
            for state in read(reader, mine, get, refuse, told):
                yield (*state, None)
            yield (*(None,) * (len(names) - 1), told.text())

        found = rows()
        while chunk := list(islice(found, CHUNK)):
            columns = [pyarrow.array(values, type=t) for values, t in zip(zip(*chunk, strict=True), types, strict=True)]
            yield pyarrow.RecordBatch.from_arrays(columns, names=[name for name, _ in names])

    parts = spark.range(0, len(keys), numPartitions=spark.sparkContext.defaultParallelism)
    return parts.mapInArrow(work, ", ".join(f"`{n}` {t}" for n, t in names))


def _arrow(pyarrow: Any, type_: str) -> Any:
    if type_.startswith("decimal("):
        precision, scale = type_[len("decimal(") : -1].split(",")
        return pyarrow.decimal128(int(precision), int(scale))
    return {
        "int": pyarrow.int32, "bigint": pyarrow.int64, "float": pyarrow.float32, "double": pyarrow.float64, "boolean": pyarrow.bool_,
        "date": pyarrow.date32, "timestamp": lambda: pyarrow.timestamp("us", tz="UTC"), "string": pyarrow.string,
    }[type_]()  # fmt: skip
