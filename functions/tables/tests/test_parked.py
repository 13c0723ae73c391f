"""Refused records are found by their object, and stay parked when they are refused again."""

import gzip
import io
import json
import unittest
from datetime import UTC, datetime, timedelta
from typing import Any

from cdctables.objects import object_of
from cdctables.parked import Parked, parked, settle

AT = datetime(2026, 11, 28, 10, tzinfo=UTC)


class Bucket:
    """S3 in memory: bodies and times by key."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}

    def park(self, key: str, origin: str, at: datetime = AT) -> None:
        lines = [json.dumps({"reason": "no", "object": origin, "record": "{"}).encode() for _ in range(2)]
        self.objects[key] = (gzip.compress(b"\n".join(lines) + b"\n"), at)

    def list_objects_v2(self, Bucket: str, Prefix: str, MaxKeys: int = 1000) -> dict[str, Any]:
        keys = sorted(k for k in self.objects if k.startswith(Prefix))[:MaxKeys]
        return {"Contents": [{"Key": k, "Size": len(self.objects[k][0]), "LastModified": self.objects[k][1]} for k in keys]} if keys else {}

    def get_paginator(self, _name: str) -> Any:
        bucket = self

        class Pages:
            def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
                return [bucket.list_objects_v2(**arguments), {}]

        return Pages()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key][0])}

    def delete_object(self, Bucket: str, Key: str) -> None:
        del self.objects[Key]


class Refused(unittest.TestCase):
    def test_it_says_which_object_it_came_from(self) -> None:
        s3 = Bucket()
        s3.park("errors/tables/raw/a/1.jsonl.gz", "raw/a/1.gz")
        s3.park("errors/tables/raw/a/2.jsonl.gz", "raw/a/2")
        s3.park("errors/tables/raw/b/1.jsonl.gz", "raw/b/1.gz")
        self.assertEqual(
            [Parked("errors/tables/raw/a/1.jsonl.gz", AT, "raw/a/1.gz"), Parked("errors/tables/raw/a/2.jsonl.gz", AT, "raw/a/2")],
            list(parked(s3, "b", "errors/tables/raw/a/")),
        )
        self.assertEqual([], list(parked(s3, "b", "errors/tables/raw/c/")))

    def test_what_is_refused_again_stays(self) -> None:
        s3 = Bucket()
        for name in ("applied", "again", "gone"):
            s3.park(name, "raw/" + name)
        before = {p.key: p for p in parked(s3, "b", "")}
        s3.park("again", "raw/again", AT + timedelta(seconds=1))
        del s3.objects["gone"]
        self.assertEqual([True, False, False], [settle(s3, "b", before[name]) for name in ("applied", "again", "gone")])
        self.assertEqual(["again"], list(s3.objects))

    def test_an_object_is_found_by_its_whole_key(self) -> None:
        s3 = Bucket()
        s3.park("raw/a/10.gz", "")
        self.assertIsNone(object_of(s3, "b", "raw/a/1"))
        found = object_of(s3, "b", "raw/a/10.gz")
        self.assertEqual(("raw/a/10.gz", AT), (found.key, found.modified) if found else None)


if __name__ == "__main__":
    unittest.main()
