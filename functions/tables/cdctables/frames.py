"""Has Spark's workers read objects: a data frame of states."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from cdctables.objects import Object
from cdctables.reader import CHUNK, FLAGS, METADATA, Reader, read
from cdctables.spec import Table


def schema(table: Table) -> list[tuple[str, str]]:
    """Names and Spark types of what `states` gives."""
    return [(c.name, c.type) for c in table.columns] + list(METADATA) + list(FLAGS)


def states(
    spark: SparkSession, table: Table, objects: Iterable[Object], client: Callable[[], Any], bucket: str, errors: str,
    binlog: str = "", purged: datetime | None = None,
) -> DataFrame:  # fmt: skip
    """What objects say, with the columns of `schema`. `client` makes a client of S3 on the worker."""
    names = schema(table)

    def work(arrived: Iterable[Any]) -> Iterator[Any]:
        import pyarrow

        s3, types = client(), [_arrow(pyarrow, t) for _, t in names]
        reader = Reader(table, binlog, purged)

        def get(key: str) -> bytes:
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

        def refuse(key: str, lines: list[bytes]) -> None:
            s3.put_object(Bucket=bucket, Key=f"{errors}/{key.removesuffix('.gz')}.jsonl.gz", Body=gzip.compress(b"".join(lines), mtime=0))

        for batch in arrived:
            found = read(reader, batch.column(0).to_pylist(), get, refuse)
            while chunk := list(islice(found, CHUNK)):
                columns = [pyarrow.array(values, type=t) for values, t in zip(zip(*chunk, strict=True), types, strict=True)]
                yield pyarrow.RecordBatch.from_arrays(columns, names=[name for name, _ in names])

    keys = spark.createDataFrame([(o.key,) for o in objects], "object string")
    parts = spark.sparkContext.defaultParallelism
    return keys.repartition(parts).mapInArrow(work, ", ".join(f"`{n}` {t}" for n, t in names))


def _arrow(pyarrow: Any, type_: str) -> Any:
    if type_.startswith("decimal("):
        precision, scale = type_[len("decimal(") : -1].split(",")
        return pyarrow.decimal128(int(precision), int(scale))
    return {
        "int": pyarrow.int32, "bigint": pyarrow.int64, "float": pyarrow.float32, "double": pyarrow.float64, "boolean": pyarrow.bool_,
        "date": pyarrow.date32, "timestamp": lambda: pyarrow.timestamp("us", tz="UTC"), "string": pyarrow.string,
    }[type_]()  # fmt: skip
