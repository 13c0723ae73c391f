"""The rows to erase; rewritten objects are not mistaken for new ones."""

import unittest
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cdctables.objects import MARGIN, Object, Read
from cdctables.request import DELIVERED, Request, and_rewritten, rewritten
from cdctables.spec import Spec, Table

BEGIN = datetime(2026, 11, 28, 10, tzinfo=UTC)


def table(name: str, source: str) -> Table:
    return Table(name, f"{name}_next", "shop", source, f"raw/schema=shop/table={source}/", f"tables/1/iceberg/shop_{source}/all", (), ("id",))


SPEC = Spec(
    "iceberg",
    "lake",
    "db",
    "errors/tables",
    "tables/_state",
    14,
    9,
    tables=(table("orders", "orders"), table("lines", "lines")),
)


class Bucket:
    """A fake of S3 as far as it is called: objects with their metadata."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[Object, dict[str, str]]] = {}

    def put(self, o: Object, **metadata: str) -> None:
        self.objects[o.key] = o, {name.replace("_", "-"): value for name, value in metadata.items()}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": o.key, "Size": o.size, "LastModified": o.modified} for o, _ in self.objects.values()]}]

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Metadata": self.objects[Key][1]}


class Requests(unittest.TestCase):
    def test_a_request_names_the_tables_of_its_source(self) -> None:
        request = Request.parse('{"schema": "shop", "table": "orders", "keys": ["7"], "id": "x"}')
        self.assertEqual(["orders"], [t.name for t in request.tables(SPEC)])
        self.assertEqual([], replace(request, table="nothing").tables(SPEC))

    def test_keys_are_literals_of_spark(self) -> None:
        self.assertEqual(r"cdc_key IN ('it\'s', 'a\\b', 'ü,%2C')", Request("shop", "orders", ("it's", "a\\b", "ü,%2C")).condition)


class WrittenAnew(unittest.TestCase):
    def test_only_what_was_read_before_is_read(self) -> None:
        bucket, now = Bucket(), BEGIN + timedelta(hours=5)
        seen = [Object(f"raw/schema=shop/table=orders/dt=2026-11-28/hour=10/{n}", 1, BEGIN + timedelta(minutes=n)) for n in range(4)]
        read = Read().and_these(seen)
        for o in seen[:2]:
            bucket.put(replace(o, modified=now), cdc_delivered=o.modified.isoformat())
        bucket.put(seen[2])
        late = Object("raw/schema=shop/table=orders/dt=2026-11-28/hour=10/late", 1, now)
        bucket.put(late)
        unread = Object("raw/schema=shop/table=orders/dt=2026-11-28/hour=10/unread", 1, now)
        bucket.put(unread, cdc_delivered=(BEGIN + timedelta(minutes=9)).isoformat())
        again = list(rewritten(bucket, SPEC, SPEC.tables[0], read))
        self.assertEqual([replace(o, modified=now) for o in seen[:2]], again)
        known = and_rewritten(read, again)
        self.assertEqual(read.until, known.until, "other objects of that time may be under way")
        self.assertTrue(all(o in known for o in [*again, *seen]))
        self.assertNotIn(late, known)
        self.assertNotIn(unread, known)
        for hours in (1, 30):  # and it stays so, when later commits drop what is older than a day
            known = known.and_these([Object("later", 1, now + timedelta(hours=hours))])
            self.assertEqual(known, Read.parse(known.text()))
            self.assertTrue(all(o in known for o in again))
        self.assertLess(now, known.until - MARGIN if known.until else now)

    def test_the_metadata_is_that_of_the_tool(self) -> None:
        self.assertEqual("cdc-delivered", DELIVERED)


if __name__ == "__main__":
    unittest.main()
