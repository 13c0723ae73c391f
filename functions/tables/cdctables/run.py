"""Brings tables up to the objects that were delivered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from cdctables import frames, objects, reader
from cdctables.formats import Format, columns_of
from cdctables.spec import Spec, Table


class Stopped(Exception):
    """A table cannot go on. Its text says why, and what to do; nothing of the batch was applied."""


@dataclass(frozen=True)
class Batch:
    """What one commit has done: objects read, states applied or already older, and records that were refused."""

    objects: int
    states: int
    refused: int


class Run:
    """One run of the job. `client` makes a client of S3, on the driver and on workers."""

    def __init__(self, spark: SparkSession, spec: Spec, format_: Format, client: Callable[[], Any]) -> None:
        self._spark, self._spec, self._format, self._client = spark, spec, format_, client
        self._s3 = client()

    def table(self, table: Table) -> Iterator[Batch]:
        """Brings one table up to date, a commit a batch. A run that was killed is made up for by the next: what a commit has read
        is in the commit itself, and what is applied twice has the same version."""
        if not self._format.exists(table):
            self._format.create(table)
        self._evolve(table)
        read = self.read(table)
        lookback = timedelta(days=self._spec.lookback_days)
        found = objects.listed(self._s3, self._spec.bucket, table.raw, read, lookback)
        for batch in objects.batches(found, self._spec.batch_mb << 20):
            done, read = self._apply(table, batch, read)
            yield done

    def read(self, table: Table) -> objects.Read:
        """What the table's commits have read."""
        return next(map(objects.Read.parse, self._format.commits(table)), objects.Read())

    def _evolve(self, table: Table) -> None:
        has = self._format.columns(table)
        for name, type_ in columns_of(table).items():
            if has.get(name, type_) != type_:
                raise Stopped(f"column {name} is {has[name]} in the table, and the source's is {type_} now: rebuild the table")
        new = {name: type_ for name, type_ in columns_of(table).items() if name not in has}
        if new:
            self._spark.sql(f"ALTER TABLE {self._format.named(table)} ADD COLUMNS ({self._format.definition(new)})")

    def _apply(self, table: Table, batch: list[objects.Object], read: objects.Read) -> tuple[Batch, objects.Read]:
        found = frames.states(self._spark, table, batch, self._client, self._spec.bucket, self._spec.errors, read.binlog, read.purged).persist()
        try:
            kinds = {r.cdc_kind: r for r in found.groupBy("cdc_kind").agg(f.count("*").alias("n"), f.max("cdc_detail").alias("detail"), f.collect_set("cdc_binlog").alias("binlogs")).collect()}
            if unknown := kinds.get(reader.UNKNOWN):
                raise Stopped(f"records have a column {unknown.detail} that the table does not have: raise source.schemaRevision and run pulumi up")
            binlogs = sorted(set(kinds[reader.ROW].binlogs) - {""}) if reader.ROW in kinds else []
            if len(binlogs) > 1:
                raise Stopped(f"records come from {' and '.join(binlogs)}: changes of different servers have no order; set source.rowsSince")
            now = read.and_these(batch, *binlogs)
            self._format.merge(table, _newest(table, found), now.text())
            counted = {kind: row.n for kind, row in kinds.items()}
            return Batch(len(batch), counted.get(reader.ROW, 0), counted.get(reader.REFUSED, 0)), now
        finally:
            found.unpersist()


def _newest(table: Table, found: DataFrame) -> DataFrame:
    """Of each row the state with the greatest version."""
    order = Window.partitionBy("cdc_key").orderBy(f.desc("cdc_version"))
    ranked = found.where(f.col("cdc_kind") == reader.ROW).withColumn("cdc_rank", f.row_number().over(order))
    return ranked.where("cdc_rank = 1").select(*(f.col(f"`{name}`") for name in columns_of(table)))
