"""What the job is to do: the specification that `pulumi up` writes beside the job, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of a table. `member` is its name in the source and in a record's row."""

    name: str
    member: str
    declared: str
    """The source's type, as in bigint(20) unsigned."""
    type: str
    """Spark's type: int, bigint, decimal(20,0), float, double, boolean, date, timestamp, string."""
    outside: bool = False
    """Whether an update of PostgreSQL may leave the value out when it has not changed it."""


@dataclass(frozen=True)
class Table:
    """A followed table."""

    name: str
    """In the catalog's database."""
    next: str
    """There too, of an epoch that is being filled, while `name` shows another."""
    schema: str
    table: str
    raw: str
    """Where its records are, with a slash at the end: raw/schema=shop/table=orders/."""
    location: str
    """Where its files are below the bucket, in a folder of this epoch of the table: tables/1/iceberg/shop_orders/all."""
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Names of columns, as members."""
    omitted: tuple[str, ...] = ()
    """Members that may be in records, and are not wanted in the table."""
    since: str = ""
    """Records that were made before are none of this table's: an RFC 3339 time, or empty."""
    kind: str = "mysql"
    """What the source is: mysql or postgresql."""

    @property
    def filling(self) -> bool:
        """Whether `name` shows another epoch, beside which this one is filled."""
        return False

    @property
    def entry(self) -> str:
        """The name in the catalog that shows this epoch."""
        return self.next if self.filling else self.name


class Filling(Table):
    """A table that is filled beside the epoch that its name shows."""

    @property
    def filling(self) -> bool:
        return True


@dataclass(frozen=True)
class Spec:
    """Everything the job is told."""

    format: str
    bucket: str
    database: str
    errors: str
    """Prefix of records that cannot be applied: errors/tables."""
    state: str
    """Prefix of what the job keeps for itself: tables/_state."""
    tombstone_days: int
    lookback_days: int
    """How long before the last commit's objects a new one may be named: the stream's retention and what a delivery retries."""
    version_days: int = 5
    """How long what only former versions of a table have is kept."""
    upkeep_hours: int = 24
    """How long after upkeep of a table a run does it again, when the table is up to date."""
    source: str = ""
    """The name of the source whose tables these are; empty for the unnamed one."""
    batch_mb: int = 1024
    """Compressed megabytes of objects that one commit takes at most."""
    tables: tuple[Table, ...] = field(default=())

    @staticmethod
    def parse(text: str) -> Spec:
        """Reads the JSON. A member that is missing, or that nobody knows, is an error."""
        raw: dict[str, Any] = json.loads(text)
        raw["tables"] = tuple(
            Table(**{**t, "columns": tuple(Column(**c) for c in t["columns"]), "key": tuple(t["key"]), "omitted": tuple(t.get("omitted", ()))})
            for t in raw.get("tables", ())
        )
        return Spec(**raw)
