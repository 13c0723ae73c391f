"""The job. It updates every table of a specification, keeps it small, switches its name to another epoch, or erases
rows.

    --spec s3://bucket/key [--action run|replay|upkeep|switch|erase] [--tables NAME,...] [--request KEY] [--metrics NAMESPACE]

It prints lines of JSON on standard output: for each commit (`table`, `objects`, `states`, `refused`), for each
table after upkeep (`table` and the members of `run.Upkeep`), for each table whose name shows another epoch now
(`table`, `switched`), and for each stopped table (`table`, `stopped`). It exits with 1 when a table has stopped;
the others are up to date anyway. After a run, an object below the specification's `state` describes each table:
`run.Run.note`. A run also does upkeep, a day after the last one. A replay is a run that then reads the refused
records once more. With a namespace, a run of all tables publishes to CloudWatch how many tables have stopped and
how many records were refused.

For erase, the request is an object in the same bucket, `request.Request`. It prints `table` and `rows` for each
table that had, or may have had, such rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cdctables import metrics
from cdctables.catalog import Catalog
from cdctables.erase import erase
from cdctables.formats import FORMATS, session
from cdctables.request import Request
from cdctables.run import Batch, Run, Stopped
from cdctables.spec import Spec, Table


def client(service: str = "s3") -> Any:
    """A client of S3, or of another service, with the job's role."""
    import boto3

    return boto3.client(service)


def main(arguments: Sequence[str]) -> int:
    """Runs the job and returns its exit code."""
    parser = argparse.ArgumentParser(prog="cdctables")
    parser.add_argument("--spec", required=True, help="the specification: s3://bucket/key")
    parser.add_argument("--action", choices=("run", "replay", "upkeep", "switch", "erase"), default="run")
    parser.add_argument("--request", default="", help="for erase: the key of the object that says what")
    parser.add_argument("--tables", default="", help="only these tables of the catalog, with commas between them")
    parser.add_argument("--metrics", default="", help="namespace of CloudWatch that the end of a run is told to; none without it")
    chosen, _ = parser.parse_known_args(arguments)  # Glue adds arguments of its own
    bucket, _, key = chosen.spec.removeprefix("s3://").partition("/")
    if (chosen.action == "erase") != bool(chosen.request):
        parser.error("--action erase and --request: give both or none")
    spec = Spec.parse(client().get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    names = set(filter(None, chosen.tables.split(",")))
    unknown = names - {t.name for t in spec.tables}
    if unknown:
        parser.error(f"there is no table {', '.join(sorted(unknown))}: the tables are {', '.join(t.name for t in spec.tables)}")
    begun = datetime.now(UTC)
    spark = session(spec.format, {"spark.sql.catalog.lake.warehouse": f"s3://{spec.bucket}/tables"})
    format_ = FORMATS[spec.format](spark, spec)
    run = Run(spark, spec, format_, Catalog(client("glue"), spec.database), client)
    wanted = [run.epoch(t) for t in spec.tables if not names or t.name in names]
    try:
        if chosen.action == "erase":
            request = Request.parse(client().get_object(Bucket=spec.bucket, Key=chosen.request)["Body"].read().decode())
            for table in map(run.epoch, request.tables(spec)):
                if (rows := erase(spark, spec, format_, run, client(), table, request)) is not None:
                    _tell(table=table.entry, rows=rows)
            return 0
        if chosen.action == "switch":
            return 0 if all([_switched(run, table) for table in wanted]) else 1
        if chosen.action == "upkeep":
            for table in wanted:
                _keep_up(run, table, begun)
            return 0
        steps = run.replay if chosen.action == "replay" else run.table
        stopped = [table.name for table in wanted if not _brought_up(run, table, steps)]
        for table in wanted:
            if run.upkeep_is_due(table, begun):
                _keep_up(run, table, begun)
        if chosen.metrics and not names:  # a run of some tables says nothing of the others
            metrics.publish(client("cloudwatch"), chosen.metrics, spec.database, spec.source, len(stopped), run.refused())
        return 1 if stopped else 0
    finally:
        spark.stop()


def _switched(run: Run, table: Table) -> bool:
    """Makes a table's name show the filled epoch; false when it cannot."""
    try:
        taken = run.take_name(table)
    except Stopped as e:
        _tell(table=table.entry, stopped=str(e))
        return False
    if taken:
        shown = run.epoch(Table(**vars(table)))
        _tell(table=shown.entry, switched=shown.location)
        run.note(shown, "")
    return True


def _brought_up(run: Run, table: Table, steps: Callable[[Table], Iterator[Batch]]) -> bool:
    """Updates one table and prints the result; false when the table has stopped."""
    try:
        for batch in steps(table):
            _tell(table=table.entry, **asdict(batch))
        stopped = ""
    except Stopped as e:
        stopped = str(e)
        _tell(table=table.entry, stopped=stopped)
    run.note(table, stopped)
    return not stopped


def _keep_up(run: Run, table: Table, now: datetime) -> None:
    if (kept := run.upkeep(table, now)) is not None:
        _tell(table=table.entry, **asdict(kept))


def _tell(**what: Any) -> None:
    print(json.dumps(what, ensure_ascii=False), flush=True)
