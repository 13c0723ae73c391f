"""Refused records: objects below the prefix of errors, one for each object of the lake with refused records."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cdctables.objects import below, object_of


@dataclass(frozen=True)
class Parked:
    """The refused records of one object of the lake, as they were parked at a time."""

    key: str
    modified: datetime
    object: str
    """The key of the lake's object, which has the complete records."""


def parked(s3: Any, bucket: str, prefix: str) -> Iterator[Parked]:
    """The parked objects below a prefix."""
    for found in below(s3, bucket, prefix):
        body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
        line = gzip.decompress(body).split(b"\n", 1)[0]
        yield Parked(found["Key"], found["LastModified"], json.loads(line)["object"])


def settle(s3: Any, bucket: str, before: Parked) -> bool:
    """Deletes a parked object after its source was read again, unless records were refused again, which parks a new
    one. Returns whether it did."""
    now = object_of(s3, bucket, before.key)
    if now is None or now.modified != before.modified.astimezone(UTC):
        return False
    s3.delete_object(Bucket=bucket, Key=before.key)
    return True
