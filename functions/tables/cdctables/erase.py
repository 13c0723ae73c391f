"""Erases rows from tables permanently: the rows, and every copy of them in a table's former versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession

from cdctables import objects
from cdctables.formats import Format, Hudi, Iceberg
from cdctables.request import Request, and_rewritten, rewritten
from cdctables.run import Run
from cdctables.spec import Spec, Table


def erase(spark: SparkSession, spec: Spec, format_: Format, run: Run, s3: Any, table: Table, request: Request) -> int | None:
    """Erases rows of one table and returns how many it had, including tombstones. None for a missing table.

    The table still knows what it has read: the commit that deletes the rows records it, and so does an object
    beside the table. If erasing is interrupted, run it again. Rows that are already gone count as none, and the
    files of former versions are still deleted."""
    if not format_.exists(table):
        return None
    begun = datetime.now(UTC)
    named = format_.named(table)
    found = spark.sql(f"SELECT count(*) n FROM {named} WHERE {request.condition}").first()
    read = run.read(table)
    known = and_rewritten(read, rewritten(s3, spec, table, read))
    format_.commit(f"DELETE FROM {named} WHERE {request.condition}", known.text())
    run.keep(table, known)
    format_.upkeep(table, datetime.now(UTC))
    _SCRUBS[spec.format](_Scrub(spark, spec, format_, s3, table, known, begun))
    return int(found.n) if found else 0


@dataclass(frozen=True)
class _Scrub:
    """What is needed to delete those parts of a table's former versions that upkeep leaves."""

    spark: SparkSession
    spec: Spec
    format: Format
    s3: Any
    table: Table
    read: objects.Read
    begun: datetime


def _iceberg(s: _Scrub) -> None:
    # Upkeep's own versions are younger than its time limit. Their manifests name the replaced files, with each
    # column's minimum and maximum.
    s.spark.sql(f"CALL lake.system.{Iceberg.expiring(s.spec.database, s.table, datetime.now(UTC))}")
    # A killed run may leave files behind. Upkeep's procedure refuses files of the last day, which another
    # writer may be about to commit. Here only one run writes at a time, so files older than this run belong
    # to nobody.
    jvm: Any = s.spark.sparkContext._jvm
    table = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(s.spark._jsparkSession, s.format.named(s.table))
    actions = jvm.org.apache.iceberg.spark.actions.SparkActions.get(s.spark._jsparkSession)
    actions.deleteOrphanFiles(table).usePrefixListing(True).olderThan(int(s.begun.timestamp() * 1000)).execute()


def _delta(s: _Scrub) -> None:
    # The log contains each file's minimum and maximum per column. Delta Lake deletes whole days of its log. After a
    # commit without files and a checkpoint, readers need nothing earlier.
    s.format.commit(f"ALTER TABLE {s.format.named(s.table)} SET TBLPROPERTIES ('cdc.erased' = '{s.begun.isoformat()}')", s.read.text())
    jvm: Any = s.spark.sparkContext._jvm
    log = jvm.org.apache.spark.sql.delta.DeltaLog.forTable(s.spark._jsparkSession, s.format.location(s.table))
    log.checkpoint()
    last = log.unsafeVolatileSnapshot().version()
    for found in objects.below(s.s3, s.spec.bucket, f"{s.table.location}/_delta_log/"):
        if (name := _VERSIONED.match(found["Key"].rpartition("/")[2])) and int(name[1]) < last:
            s.s3.delete_object(Bucket=s.spec.bucket, Key=found["Key"])


_VERSIONED = re.compile(r"(\d{20})\.")
"""The name of a file in Delta Lake's log begins with its version."""


def _hudi(s: _Scrub) -> None:
    statement = Hudi.cleaning(s.table, "clean_policy => 'KEEP_LATEST_FILE_VERSIONS', file_versions_retained => 1")
    s.format.commit(statement, s.read.text())


_SCRUBS: Mapping[str, Callable[[_Scrub], None]] = {"iceberg": _iceberg, "delta": _delta, "hudi": _hudi}
