"""The job: brings every table of a specification up to date.

    cdctables run --spec s3://bucket/key [--table NAME ...]

It prints a line of JSON for each commit, and for each table that stopped, on standard output: `table`, `objects`, `states`,
`refused`, `stopped`. It ends with 1 when a table has stopped; the others are up to date all the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from cdctables.formats import FORMATS, session
from cdctables.run import Run, Stopped
from cdctables.spec import Spec


def client() -> Any:
    """A client of S3, as the job's role."""
    import boto3

    return boto3.client("s3")


def main(arguments: Sequence[str]) -> int:
    """Runs the job, and gives its exit code."""
    parser = argparse.ArgumentParser(prog="cdctables")
    parser.add_argument("--spec", required=True, help="the specification: s3://bucket/key")
    parser.add_argument("--table", action="append", help="only this table of the catalog; may be repeated")
    chosen, _ = parser.parse_known_args(arguments)  # Glue adds arguments of its own
    bucket, _, key = chosen.spec.removeprefix("s3://").partition("/")
    spec = Spec.parse(client().get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    unknown = set(chosen.table or ()) - {t.name for t in spec.tables}
    if unknown:
        parser.error(f"there is no table {', '.join(sorted(unknown))}: the tables are {', '.join(t.name for t in spec.tables)}")
    spark = session(spec.format, {"spark.sql.catalog.lake.warehouse": f"s3://{spec.bucket}/tables"})
    run = Run(spark, spec, FORMATS[spec.format](spark, spec), client)
    stopped = False
    try:
        for table in spec.tables:
            if chosen.table and table.name not in chosen.table:
                continue
            try:
                for batch in run.table(table):
                    _tell(table=table.name, objects=batch.objects, states=batch.states, refused=batch.refused)
            except Stopped as e:
                stopped = True
                _tell(table=table.name, stopped=str(e))
    finally:
        spark.stop()
    return 1 if stopped else 0


def _tell(**what: Any) -> None:
    print(json.dumps(what, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
