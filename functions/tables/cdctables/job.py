"""The job: brings every table of a specification up to date, keeps it small, has its name show another epoch,
or erases rows.

    --spec s3://bucket/key [--action run|replay|upkeep|switch|erase] [--tables NAME,...] [--request KEY] [--metrics NAMESPACE]

It prints a line of JSON on standard output for each commit (`table`, `objects`, `states`, `refused`), for each table that is kept
small (`table` and the members of `run.Upkeep`), for each whose name shows another epoch now (`table`, `switched`) and for each that
stopped (`table`, `stopped`). It ends with 1 when a table has stopped; the others are up to date all the same. What each table is
like after a run is in an object below the specification's `state`: `run.Run.note`. A run does upkeep too, a day after the last.
A replay is a run that then reads once more what was refused.
With a namespace, a run of all tables tells CloudWatch how many tables have stopped, and how many records were refused.

For erase, the request is an object of the same bucket, `request.Request`; it prints `table` and `rows` of each table that had rows to
erase, or could have had.
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
    """A client of S3, or of another service, as the job's role."""
    import boto3

    return boto3.client(service)


def main(arguments: Sequence[str]) -> int:
    """Runs the job, and gives its exit code."""
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
    """Has a table's name show the epoch that was filled; false for one that cannot."""
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
    """Brings one table up to date and says so; false for one that has stopped."""
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
