"""Publishes a run's result to CloudWatch, for alarms. The names are those of components/lake/tables_alarms.go."""

from __future__ import annotations

from typing import Any


def publish(cloudwatch: Any, namespace: str, database: str, source: str, stopped: int, refused: int) -> None:
    """Publishes a run's metrics: stopped tables and refused records. The unnamed source has no dimension."""
    dimensions = {"Database": database} | ({"Source": source} if source else {})
    counts = {"StoppedTables": stopped, "RefusedRecords": refused}
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": name, "Dimensions": [{"Name": d, "Value": v} for d, v in dimensions.items()], "Value": n, "Unit": "Count"}
            for name, n in counts.items()
        ],
    )
