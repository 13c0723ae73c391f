"""Metrics for alarms."""

import unittest
from typing import Any

from cdctables.metrics import publish


class Metrics(unittest.TestCase):
    def test_a_run_without_trouble_is_told_too(self) -> None:
        said: list[dict[str, Any]] = []

        class CloudWatch:
            def put_metric_data(self, **arguments: Any) -> None:
                said.append(arguments)

        publish(CloudWatch(), "n/s", "shop_dev", "", 0, 3)
        publish(CloudWatch(), "n/s", "shop_dev", "orders", 1, 0)
        one, named = said
        self.assertEqual("n/s", one["Namespace"])
        self.assertEqual({"StoppedTables": 0, "RefusedRecords": 3}, {m["MetricName"]: m["Value"] for m in one["MetricData"]})
        self.assertTrue(all(m["Dimensions"] == [{"Name": "Database", "Value": "shop_dev"}] for m in one["MetricData"]))
        self.assertTrue(all({"Name": "Source", "Value": "orders"} in m["Dimensions"] for m in named["MetricData"]))


if __name__ == "__main__":
    unittest.main()
