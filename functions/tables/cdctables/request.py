"""The rows to erase, and the objects that were rewritten for it.

A request is a JSON object in S3, so that no row's key is in a run's arguments, which Glue stores and logs.
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
"""The metadata of a records object that was rewritten without some records: the original time of delivery, RFC 3339."""


@dataclass(frozen=True)
class Request:
    """The rows of a source table to erase."""

    schema: str
    table: str
    keys: tuple[str, ...]
    """In the form of cdc_key: `record.Key.id`."""

    @staticmethod
    def parse(text: str) -> Request:
        """Parses the JSON."""
        raw: dict[str, Any] = json.loads(text)
        return Request(raw["schema"], raw["table"], tuple(raw["keys"]))

    def tables(self, spec: Spec) -> list[Table]:
        """The tables that are maintained for the source table."""
        return [t for t in spec.tables if (t.schema, t.table) == (self.schema, self.table)]

    @property
    def condition(self) -> str:
        """The rows as SQL."""
        return f"cdc_key IN ({', '.join(map(_literal, self.keys))})"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def rewritten(s3: Any, spec: Spec, table: Table, read: objects.Read) -> Iterator[objects.Object]:
    """Objects that look new because they were rewritten, but were read before."""
    for o in objects.listed(s3, spec.bucket, table.raw, read, timedelta(days=spec.lookback_days)):
        delivered = objects.time_of(s3.head_object(Bucket=spec.bucket, Key=o.key)["Metadata"].get(DELIVERED, ""))
        if delivered and replace(o, modified=delivered) in read:
            yield o


def and_rewritten(read: objects.Read, again: Iterable[objects.Object]) -> objects.Read:
    """What was read, with the new times of such objects. They say nothing about other objects delivered by then, so
    `until` stays."""
    marks = dict(read.marks)
    for o in again:
        marks[o.hour] = marks.get(o.hour, frozenset()) | {o.mark}
    return replace(read, marks=marks)
