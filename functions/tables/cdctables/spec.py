"""The job's specification, which `pulumi up` writes beside the job as JSON."""

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
    """The source's type, such as bigint(20) unsigned."""
    type: str
    """Spark's type: int, bigint, decimal(20,0), float, double, boolean, date, timestamp, string."""
    outside: bool = False
    """Whether a PostgreSQL update may omit the value when it is unchanged."""


@dataclass(frozen=True)
class Table:
    """A followed table."""

    name: str
    """Name in the catalog's database."""
    next: str
    """Name of an epoch that is being filled, while `name` shows another."""
    schema: str
    table: str
    raw: str
    """Location of its records, with a trailing slash: raw/schema=shop/table=orders/."""
    location: str
    """Location of its files below the bucket, in a folder of this epoch of the table:
    tables/1/iceberg/shop_orders/all."""
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Names of the key's columns, as members."""
    omitted: tuple[str, ...] = ()
    """Members that records may have but the table omits."""
    since: str = ""
    """Records made before this time are not authoritative for the table: an RFC 3339 time, or empty."""
    kind: str = "mysql"
    """The source's kind: mysql or postgresql."""

    @property
    def filling(self) -> bool:
        """Whether `name` shows another epoch while this one is filled beside it."""
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
    """The complete specification of the job."""

    format: str
    bucket: str
    database: str
    errors: str
    """Prefix of records that cannot be applied: errors/tables."""
    state: str
    """Prefix of the job's own objects: tables/_state."""
    tombstone_days: int
    lookback_days: int
    """How many days the name of a new object may be older than the last commit's objects: the stream's retention
    plus the delivery's retries."""
    version_days: int = 5
    """How long files that only former versions of a table need are kept."""
    upkeep_hours: int = 24
    """Interval between two upkeeps of an up-to-date table."""
    source: str = ""
    """The name of the tables' source; empty for the unnamed one."""
    batch_mb: int = 1024
    """Maximum compressed size of one commit's objects, in megabytes."""
    tables: tuple[Table, ...] = field(default=())

    @staticmethod
    def parse(text: str) -> Spec:
        """Parses the JSON. A missing or unknown member is an error."""
        raw: dict[str, Any] = json.loads(text)
        raw["tables"] = tuple(
            Table(**{**t, "columns": tuple(Column(**c) for c in t["columns"]), "key": tuple(t["key"]), "omitted": tuple(t.get("omitted", ()))})
            for t in raw.get("tables", ())
        )
        return Spec(**raw)
