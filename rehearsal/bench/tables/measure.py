"""Runs a program of Spark in this process, and says what it took:

    measure.py job ARGUMENTS...          the job of the lake's tables, with its arguments
    measure.py flat BUCKET FROM TO...    writes records below prefixes as the flat rows that Hudi's payload for DMS reads
    measure.py peer BUCKET FROM TABLE OPERATION   writes such rows into a table, by Hudi itself

It prints a line of JSON: `startup`, until Spark is there, and `work`, what came then, each in seconds of the clock (`wall`) and of
the processors (`cpu`: this process and all that it has started), and what the table has then (`rows`, `total`).
"""

import json
import os
import sys
import time

from cdctables import formats, job
from cdctables.spec import Spec

BEGAN = time.time()
TICK = os.sysconf("SC_CLK_TCK")


def cpu():
    """Is the processor time of this process and all below it, those that have ended too."""
    spent, parents = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:  # it has ended; its parent has its time
            continue
        parents[int(pid)] = int(fields[1])
        spent[int(pid)] = sum(map(int, fields[11:15])) / TICK
    mine = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(spent[pid] for pid in mine)


class Meter:
    """Reads the clock and the processors when Spark is there, and when the work is done."""

    def __init__(self):
        self.wall, self.cpu = time.time(), cpu()

    def startup(self):
        return {"wall": self.wall - BEGAN, "cpu": self.cpu}

    def work(self):
        return {"wall": time.time() - self.wall, "cpu": cpu() - self.cpu}


def say(meter, work, found):
    print(json.dumps({"startup": meter.startup(), "work": work, "rows": found[0], "total": str(found[1])}), flush=True)


def run_job(arguments):
    """Looks at the job between the start of its session and its end."""
    make = job.session

    def session(name, settings):
        spark = make(name, settings)
        meter, stop = Meter(), spark.stop

        def stopped():
            work = meter.work()
            bucket, _, key = arguments[arguments.index("--spec") + 1].removeprefix("s3://").partition("/")
            spec = Spec.parse(job.client().get_object(Bucket=bucket, Key=key)["Body"].read().decode())
            table = formats.FORMATS[name](spark, spec).named(spec.tables[0])
            say(meter, work, spark.sql(f"SELECT count(*), sum(total) FROM {table} WHERE NOT cdc_gone").first())
            stop()

        spark.stop = stopped
        return spark

    job.session = session
    return job.main(arguments)


RECORD = """data struct<id: bigint, customer: bigint, status: string, total: decimal(12,2), note: string, placed_at: timestamp, updated_at: timestamp>,
metadata struct<operation: string, `transaction-id`: bigint, `transaction-record-id`: bigint>"""


def flat(bucket, *places):
    spark = formats.session("hudi", {})
    for before, after in zip(places[::2], places[1::2], strict=True):
        records = spark.read.schema(RECORD).json(f"s3://{bucket}/{before}")
        operation = "CASE metadata.operation WHEN 'update' THEN 'U' WHEN 'delete' THEN 'D' ELSE 'I' END AS Op"
        order = "coalesce(metadata.`transaction-id` + metadata.`transaction-record-id`, 0L) AS seq"
        records.selectExpr("data.*", operation, order).write.parquet(f"s3://{bucket}/{after}")
    spark.stop()


def peer(bucket, source, table, operation):
    spark = formats.session("hudi", {})
    meter = Meter()
    spark.read.parquet(f"s3://{bucket}/{source}").write.format("hudi").options(**{
        "hoodie.table.name": "peer", "hoodie.datasource.write.recordkey.field": "id", "hoodie.datasource.write.precombine.field": "seq",
        "hoodie.datasource.write.payload.class": "org.apache.hudi.common.model.AWSDmsAvroPayload", "hoodie.datasource.write.operation": operation,
    }).mode("append").save(f"s3://{bucket}/{table}")  # fmt: skip
    work = meter.work()
    say(meter, work, spark.read.format("hudi").load(f"s3://{bucket}/{table}").selectExpr("count(*)", "sum(total)").first())
    spark.stop()


sys.exit({"job": lambda *a: run_job(list(a)), "flat": flat, "peer": peer}[sys.argv[1]](*sys.argv[2:]))
