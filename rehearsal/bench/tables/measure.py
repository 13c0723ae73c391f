"""Runs a Spark program in this process and measures its cost:

    measure.py job STAGED ARGUMENTS...   runs the job of the lake's tables with its arguments, once for each prefix in STAGED (separated by
                                         commas). Before each run it moves the objects below the prefix to the table's records.
    measure.py flat BUCKET FROM TO...    converts records below prefixes into the flat rows that Hudi's payload for DMS reads
    measure.py peer BUCKET TABLE OPERATION FROM...   writes such rows into a table with Hudi's own writer, once for each FROM

All steps run in one session of Spark. For each step it prints a line of JSON. `startup` is the time until Spark is ready, and `work` the
time after that, both in seconds: of the clock (`wall`) and of the processors (`cpu`: this process and its descendants). `rows` and
`total` describe the table after the step.
"""

import time

BEGAN = time.time()

import json
import os
import sys

from cdctables import formats, job
from cdctables.spec import Spec

TICK = os.sysconf("SC_CLK_TCK")


def cpu():
    """Returns the processor time of this process and of all its descendants, including ended ones."""
    spent, parents = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:  # it has ended, so its parent includes its time
            continue
        parents[int(pid)] = int(fields[1])
        spent[int(pid)] = sum(map(int, fields[11:15])) / TICK
    mine = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(spent[pid] for pid in mine)


class Meter:
    """Reads the clock and the processor time when Spark is ready, and before and after each measured step."""

    def __init__(self):
        self.startup = {"wall": time.time() - BEGAN, "cpu": cpu()}

    def begin(self):
        self.wall, self.cpu = time.time(), cpu()

    def end(self):
        self.work = {"wall": time.time() - self.wall, "cpu": cpu() - self.cpu}

    def say(self, found):
        print(json.dumps({"startup": self.startup, "work": self.work, "rows": found[0], "total": str(found[1])}), flush=True)


def run_job(staged, *arguments):
    bucket, _, key = arguments[arguments.index("--spec") + 1].removeprefix("s3://").partition("/")
    s3 = job.client()
    spec = Spec.parse(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    spark = job.session(spec.format, {"spark.sql.catalog.lake.warehouse": f"s3://{bucket}/tables"})
    table = formats.FORMATS[spec.format](spark, spec).named(spec.tables[0])
    meter, stop = Meter(), spark.stop
    job.session, spark.stop = lambda *_: spark, lambda: None
    for prefix in staged.split(","):
        if prefix:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for found in page["Contents"]:
                    to = spec.tables[0].raw + found["Key"].removeprefix(prefix)
                    s3.copy_object(Bucket=bucket, Key=to, CopySource={"Bucket": bucket, "Key": found["Key"]})
        meter.begin()
        if code := job.main(arguments):
            return code
        meter.end()
        meter.say(spark.sql(f"SELECT count(*), sum(total) FROM {table} WHERE NOT cdc_gone").first())
    stop()
    return 0


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


def peer(bucket, table, operation, *sources):
    spark = formats.session("hudi", {})
    meter = Meter()
    for source in sources:
        meter.begin()
        spark.read.parquet(f"s3://{bucket}/{source}").write.format("hudi").options(**{
            "hoodie.table.name": "peer", "hoodie.datasource.write.recordkey.field": "id", "hoodie.datasource.write.precombine.field": "seq",
            "hoodie.datasource.write.payload.class": "org.apache.hudi.common.model.AWSDmsAvroPayload", "hoodie.datasource.write.operation": operation,
        }).mode("append").save(f"s3://{bucket}/{table}")  # fmt: skip
        meter.end()
        meter.say(spark.read.format("hudi").load(f"s3://{bucket}/{table}").selectExpr("count(*)", "sum(total)").first())
    spark.stop()


sys.exit({"job": run_job, "flat": flat, "peer": peer}[sys.argv[1]](*sys.argv[2:]))
