"""What is to be erased, and which objects were written anew for it.

A request is an object of JSON, so that no key of a row is in the arguments of a run, which Glue keeps and logs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from cdctables import objects
from cdctables.spec import Spec, Table

DELIVERED = "cdc-delivered"
"""The metadata of an object of records that was written anew without some of them: when the object was delivered, RFC 3339."""


@dataclass(frozen=True)
class Request:
    """Which rows of a source table are to go."""

    schema: str
    table: str
    keys: tuple[str, ...]
    """As cdc_key has them: `record.Key.id`."""

    @staticmethod
    def parse(text: str) -> Request:
        """Reads the JSON."""
        raw: dict[str, Any] = json.loads(text)
        return Request(raw["schema"], raw["table"], tuple(raw["keys"]))

    def tables(self, spec: Spec) -> list[Table]:
        """The tables that are kept of the source table."""
        return [t for t in spec.tables if (t.schema, t.table) == (self.schema, self.table)]

    @property
    def condition(self) -> str:
        """The rows as SQL."""
        return f"cdc_key IN ({', '.join(map(_literal, self.keys))})"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def rewritten(s3: Any, spec: Spec, table: Table, read: objects.Read) -> Iterator[objects.Object]:
    """Objects that are listed as new because they were written anew, and were read before that."""
    for o in objects.listed(s3, spec.bucket, table.raw, read, timedelta(days=spec.lookback_days)):
        delivered = objects.time_of(s3.head_object(Bucket=spec.bucket, Key=o.key)["Metadata"].get(DELIVERED, ""))
        if delivered and replace(o, modified=delivered) in read:
            yield o


def and_rewritten(read: objects.Read, again: Iterable[objects.Object]) -> objects.Read:
    """What is read, with such objects under their new times. They say nothing of what else was delivered by then, so `until` stays."""
    marks = dict(read.marks)
    for o in again:
        marks[o.hour] = marks.get(o.hour, frozenset()) | {o.mark}
    return replace(read, marks=marks)
