"""Finds the objects of records delivered since the last commit, and stores what a commit has read."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

MARGIN = timedelta(days=1)
"""How much later than a younger object an older one may become visible, because a multipart upload has the time of
its start."""


@dataclass(frozen=True)
class Object:
    """An object of the lake."""

    key: str
    size: int
    modified: datetime

    @property
    def mark(self) -> str:
        """The key's hash of 64 bits: 11 characters."""
        return base64.urlsafe_b64encode(hashlib.blake2b(self.key.encode(), digest_size=8).digest()).decode().rstrip("=")

    @property
    def hour(self) -> str:
        """Time of delivery."""
        return _hour(self.modified)


_MARK = 11


@dataclass(frozen=True)
class Read:
    """What a table's commits have read: every object up to a day before `until`, and the marked objects of that day.
    So its size depends on a day's objects only, however many there were in total."""

    until: datetime | None = None
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By the objects' hour of delivery."""
    binlog: str = ""
    """The name of the source's binlog files without their number. Another name means another server, whose positions
    cannot be compared."""
    purged: datetime | None = None
    """The table no longer has tombstones of changes committed before this time. An older change would bring its row
    back."""

    def __contains__(self, o: Object) -> bool:
        return self.until is not None and (o.modified < self.until - MARGIN or o.mark in self.marks.get(o.hour, ()))

    def and_these(self, objects: Sequence[Object], binlog: str = "") -> Read:
        """What is read after these objects as well. There must be no older unread object."""
        until = max([o.modified for o in objects] + ([self.until] if self.until else []), default=None)
        marks = dict(self.marks)
        for o in objects:
            marks[o.hour] = marks.get(o.hour, frozenset()) | {o.mark}
        first = _hour(until - MARGIN) if until else ""
        return replace(self, until=until, marks={h: m for h, m in marks.items() if h >= first}, binlog=self.binlog or binlog)

    def text(self) -> str:
        """The JSON form for a commit."""
        raw = {
            "until": until_text(self.until), "marks": {h: "".join(sorted(m)) for h, m in sorted(self.marks.items())},
            "binlog": self.binlog, "purged": until_text(self.purged),
        }  # fmt: skip
        return json.dumps(raw, separators=(",", ":"))

    @staticmethod
    def parse(text: str) -> Read:
        """Parses the output of `text`."""
        raw: dict[str, Any] = json.loads(text)
        marks = {h: frozenset(m[i : i + _MARK] for i in range(0, len(m), _MARK)) for h, m in raw["marks"].items()}
        return Read(time_of(raw["until"]), marks, raw["binlog"], time_of(raw["purged"]))


def _hour(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H")


def until_text(at: datetime | None) -> str:
    """An RFC 3339 time in UTC; empty for None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else ""


def time_of(text: str) -> datetime | None:
    """Parses the output of `until_text`, or another RFC 3339 time."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def below(s3: Any, bucket: str, prefix: str, after: str = "") -> Iterator[dict[str, Any]]:
    """Objects with a prefix, after a key, as S3 lists them: `Key`, `Size`, `LastModified`."""
    behind = {"StartAfter": after} if after else {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **behind):
        yield from page.get("Contents", ())


def object_of(s3: Any, bucket: str, key: str) -> Object | None:
    """An object by its key. It uses a list, which is possible for a role that sees only some prefixes. For a missing
    object S3 would answer such a role that access is denied."""
    for found in s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", ()):
        if found["Key"] == key:
            return Object(key, found["Size"], found["LastModified"].astimezone(UTC))
    return None


def listed(s3: Any, bucket: str, prefix: str, read: Read, lookback: timedelta) -> Iterator[Object]:
    """The unread objects below a prefix. An object is named by the hour of its first record, which may be as old as
    the stream and the delivery keep a record. The search goes back that far."""
    after = f"{prefix}dt={(read.until - MARGIN - lookback).astimezone(UTC):%Y-%m-%d}" if read.until else prefix
    for found in below(s3, bucket, prefix, after):
        o = Object(found["Key"], found["Size"], found["LastModified"].astimezone(UTC))
        if o not in read:
            yield o


def batches(objects: Iterable[Object], most: int) -> Iterator[list[Object]]:
    """Batches of objects, oldest first, each with at most this many bytes or with one object."""
    batch: list[Object] = []
    size = 0
    for o in sorted(objects, key=lambda o: (o.modified, o.key)):
        if batch and size + o.size > most:
            yield batch
            batch, size = [], 0
        batch.append(o)
        size += o.size
    if batch:
        yield batch
