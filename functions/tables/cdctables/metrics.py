"""Tells CloudWatch how a run has ended, for alarms. The names are those of components/lake/tables_alarms.go."""

from __future__ import annotations

from typing import Any


def publish(cloudwatch: Any, namespace: str, database: str, source: str, stopped: int, refused: int) -> None:
    """Publishes the metrics of one run: tables that have stopped, and records that were refused. A source without a name is no dimension."""
    dimensions = {"Database": database} | ({"Source": source} if source else {})
    counts = {"StoppedTables": stopped, "RefusedRecords": refused}
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": name, "Dimensions": [{"Name": d, "Value": v} for d, v in dimensions.items()], "Value": n, "Unit": "Count"}
            for name, n in counts.items()
        ],
    )
