"""Updates tables from the delivered objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from cdctables import frames, objects, parked, reader
from cdctables.catalog import Catalog
from cdctables.formats import Format, columns_of, quoted
from cdctables.spec import Filling, Spec, Table


class Stopped(Exception):
    """A table cannot continue. The text says why and what to do. Nothing of the batch was applied."""


@dataclass(frozen=True)
class Batch:
    """A commit's result: objects read, states applied or already older, and refused records."""

    objects: int
    states: int
    refused: int


@dataclass(frozen=True)
class Upkeep:
    """A table before and after: objects and bytes in S3, over all kept versions."""

    objects_before: int
    bytes_before: int
    objects_after: int
    bytes_after: int


def widens(before: str, now: str) -> bool:
    """Whether a type can hold every value of another."""
    if (before, now) in (("int", "bigint"), ("float", "double")):
        return True
    had, has = _digits(before), _digits(now)
    return had is not None and has is not None and now.startswith("decimal") and has[0] >= had[0] and has[1] >= had[1]


def _digits(type_: str) -> tuple[int, int] | None:
    """The maximum number of digits before and after the point."""
    if type_ in ("int", "bigint"):
        return (10 if type_ == "int" else 19), 0
    if not type_.startswith("decimal("):
        return None
    precision, scale = map(int, type_[len("decimal(") : -1].split(","))
    return precision - scale, scale


class Run:
    """One run of the job. `client` makes an S3 client, on the driver and on workers. Every method takes a table from
    `epoch`."""

    def __init__(self, spark: SparkSession, spec: Spec, format_: Format, catalog: Catalog, client: Callable[[], Any]) -> None:
        self._spark, self._spec, self._format, self._catalog, self._client = spark, spec, format_, catalog, client
        self._s3 = client()
        self._refused: Counter[str] = Counter()

    def epoch(self, table: Table) -> Table:
        """The table of a specification, and whether it is a new epoch. A new epoch is filled beside the shown one,
        which stays unchanged, until it takes the name."""
        shown = self._catalog.location(table.name)
        if shown not in (None, self._format.location(table)):
            return Filling(**vars(table))
        if self._catalog.location(table.next) is not None:
            self._forget_next(table)
        return table

    def take_name(self, table: Table) -> bool:
        """Makes the table's name show an epoch that was filled beside the shown one. False when it is already shown."""
        if not table.filling:
            return False
        if not self._format.exists(table) or self.read(table).until is None:
            raise Stopped("nothing was applied to it yet: run the job first")
        self._catalog.take(table.name, table.next)
        self._forget_next(table)
        return True

    def _forget_next(self, table: Table) -> None:
        self._catalog.forget(table.next)
        self._s3.delete_object(Bucket=self._spec.bucket, Key=self._noted(table.next))

    def table(self, table: Table) -> Iterator[Batch]:
        """Updates one table, with one commit per batch. After a killed run the next one continues: each commit
        contains what it has read, and applying a change twice keeps the same version."""
        if table.filling and self._catalog.location(table.next) not in (None, self._format.location(table)):
            self._forget_next(table)  # the files of an epoch that is no longer wanted
        if not self._format.exists(table):
            self._s3.delete_object(Bucket=self._spec.bucket, Key=self._kept(table))  # the state of a table that somebody has deleted
            self._format.create(table)
        self._evolve(table)
        if self._format.storage:
            self._catalog.show(table.entry, self._format.location(table), self._format.stored(table), self._format.storage)
        read = self.read(table)
        lookback = timedelta(days=self._spec.lookback_days)
        found = objects.listed(self._s3, self._spec.bucket, table.raw, read, lookback)
        for batch in objects.batches(found, self._spec.batch_mb << 20):
            done, read = self._apply(table, batch, read)
            yield done

    def replay(self, table: Table) -> Iterator[Batch]:
        """Updates a table, then rereads the objects with refused records. Applying a change twice keeps the same
        version. Records that are refused again stay parked, and only these. An object that has left the lake
        cannot be read again, so its records stay too."""
        bucket = self._spec.bucket
        aside = {p.object: p for p in parked.parked(self._s3, bucket, f"{self._spec.errors}/{table.raw}")}
        yield from self.table(table)
        read = self.read(table)  # a replay skips no older object: the next run reads those at which a run has stopped
        found = [o for o in (objects.object_of(self._s3, bucket, key) for key in aside) if o is not None and o in read]
        for batch in objects.batches(found, self._spec.batch_mb << 20):
            done, read = self._apply(table, batch, read, again=True)
            for o in batch:
                parked.settle(self._s3, bucket, aside[o.key])
            yield done

    def refused(self) -> int:
        """How many records this run could not apply, over all tables."""
        return self._refused.total()

    def read(self, table: Table) -> objects.Read:
        """What the table's commits have read. Upkeep may clean away the last commit with this information, so it also
        stores it elsewhere."""
        said = next(self._format.commits(table), None)
        if said is None:
            try:
                said = self._s3.get_object(Bucket=self._spec.bucket, Key=self._kept(table))["Body"].read().decode()
            except self._s3.exceptions.NoSuchKey:
                return objects.Read()
        return objects.Read.parse(said)

    def keep(self, table: Table, read: objects.Read) -> None:
        """Stores the reading position beside the table too, because upkeep may clean away the commits with it."""
        self._s3.put_object(Bucket=self._spec.bucket, Key=self._kept(table), Body=read.text().encode())

    def _kept(self, table: Table) -> str:
        return f"{self._spec.state}/read/{table.location}.json"

    def _noted(self, name: str) -> str:
        return f"{self._spec.state}/{name}.json"

    def note(self, table: Table, stopped: str) -> None:
        """Stores a table's status as a JSON object, for tools that show it."""
        rows = self._spark.sql(f"SELECT count(*) n FROM {self._format.named(table)} WHERE NOT cdc_gone").first()
        count, size = self._size(table)
        said = {
            "table": table.entry, "source": f"{table.schema}.{table.table}", "location": table.location, "at": objects.until_text(datetime.now(UTC)), "until": objects.until_text(self.read(table).until) or None,
            "rows": rows.n if rows else 0, "objects": count, "bytes": size, "refused": self._refused[table.name], "stopped": stopped,
        }  # fmt: skip
        self._s3.put_object(Bucket=self._spec.bucket, Key=self._noted(table.entry), Body=json.dumps(said, ensure_ascii=False).encode())

    def upkeep_is_due(self, table: Table, now: datetime) -> bool:
        """Whether the last upkeep was long enough ago. A table's first interval starts with its first run."""
        last = objects.object_of(self._s3, self._spec.bucket, self._kept(table))
        if last is None:
            self.keep(table, self.read(table))
        return last is not None and now - last.modified >= timedelta(hours=self._spec.upkeep_hours)

    def upkeep(self, table: Table, now: datetime) -> Upkeep | None:
        """Removes old tombstones and versions, and merges small files. None for a missing table."""
        if not self._format.exists(table):
            return None
        read = self.read(table)
        if read.until is None:
            return None
        objects_before, bytes_before = self._size(table)
        horizon = now - timedelta(days=self._spec.tombstone_days)
        purged = replace(read, purged=max(horizon, read.purged or horizon))
        self._format.purge(table, horizon, purged.text())
        self.keep(table, purged)
        before = now - timedelta(days=self._spec.version_days)
        self._format.upkeep(table, before)
        self._delete_former(table, before)
        objects_after, bytes_after = self._size(table)
        return Upkeep(objects_before, bytes_before, objects_after, bytes_after)

    def _delete_former(self, table: Table, before: datetime) -> None:
        """Deletes epochs of the table, of the same generation and format, that are no longer shown and were last
        written before a time."""
        if table.filling:
            return
        folder = table.location.rpartition("/")[0]
        epochs: dict[str, list[Any]] = {}
        for o in objects.below(self._s3, self._spec.bucket, folder + "/"):
            epochs.setdefault(o["Key"][len(folder) + 1 :].partition("/")[0], []).append(o)
        for epoch, found in epochs.items():
            if f"{folder}/{epoch}" != table.location and max(o["LastModified"] for o in found) < before:
                for o in found:
                    self._s3.delete_object(Bucket=self._spec.bucket, Key=o["Key"])

    def _size(self, table: Table) -> tuple[int, int]:
        found = [o["Size"] for o in objects.below(self._s3, self._spec.bucket, table.location + "/")]
        return len(found), sum(found)

    def _evolve(self, table: Table) -> None:
        """Gives the table the source's columns and types. A column that the source dropped stays with its values."""
        has = self._format.columns(table)
        changed = {name: (has[name], type_) for name, type_ in columns_of(table).items() if has.get(name, type_) != type_}
        for name, (before, now) in changed.items():
            if not widens(before, now):
                raise Stopped(
                    f"column {name} is {before} in the table and {now} in the source, which does not hold every value of it: raise lake.tables.generation and run pulumi up"
                )
        new = {name: type_ for name, type_ in columns_of(table).items() if name not in has}
        if new:
            self._spark.sql(f"ALTER TABLE {self._format.named(table)} ADD COLUMNS ({self._format.definition(new)})")
        if changed:
            self._format.rewrite(table, self.read(table).text())

    def _apply(self, table: Table, batch: list[objects.Object], read: objects.Read, again: bool = False) -> tuple[Batch, objects.Read]:
        states = frames.states(self._spark, table, batch, self._client, self._spec.bucket, self._spec.errors, read.binlog, read.purged)
        found = _ranked(states).persist()
        try:
            told = reader.Told.parse(row[0] for row in found.select(frames.TOLD).where(f"{frames.TOLD} IS NOT NULL").collect())
            if told.unknown is not None:
                raise Stopped(f"records have a column {told.unknown} that the table does not have: raise source.schemaRevision and run pulumi up")
            binlogs = sorted(told.binlogs)
            if len(binlogs) > 1:
                raise Stopped(f"records come from {' and '.join(binlogs)}: changes of different servers have no order; set source.rowsSince")
            now = read.and_these([] if again else batch, *binlogs)
            self._format.merge(table, _newest(found, self._format.columns(table)), now.text())
            self._refused[table.name] += told.refused
            return Batch(len(batch), told.states, told.refused), now
        finally:
            found.unpersist()


def _ranked(states: DataFrame) -> DataFrame:
    """States with their rank among those of the same row: the greatest version is first."""
    return states.withColumn("cdc_rank", f.row_number().over(Window.partitionBy("cdc_key").orderBy(f.desc("cdc_version"))))


def _newest(ranked: DataFrame, columns: Mapping[str, str]) -> DataFrame:
    """The state with the greatest version of each row, with a table's columns. Columns that the source dropped are
    NULL."""
    newest, known = ranked.where("cdc_rank = 1 AND cdc_key IS NOT NULL"), set(ranked.columns)
    return newest.select(*(f.col(quoted(name)) if name in known else f.lit(None).cast(type_).alias(name) for name, type_ in columns.items()))
