"""Tells CloudWatch how a run has ended, for alarms. The names are those of components/lake/tables_alarms.go."""

from __future__ import annotations

from typing import Any


def publish(cloudwatch: Any, namespace: str, database: str, stopped: int, refused: int) -> None:
    """Publishes the metrics of one run: tables that have stopped, and records that were refused."""
    counts = {"StoppedTables": stopped, "RefusedRecords": refused}
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": name, "Dimensions": [{"Name": "Database", "Value": database}], "Value": n, "Unit": "Count"} for name, n in counts.items()
        ],
    )
