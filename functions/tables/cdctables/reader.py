"""Converts objects of records into rows of states: the table's new content for each row that a record concerns."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdctables.columns import converter
from cdctables.objects import time_of
from cdctables.kinds import KINDS
from cdctables.record import Key, Record, Row, Unreadable, parse, text
from cdctables.spec import Table

METADATA = (("cdc_key", "string"), ("cdc_version", "bigint"), ("cdc_gone", "boolean"), ("cdc_at", "timestamp"))
"""A table's additional columns: the key as one text, the order of the last change, whether it deleted the row, and
its commit time."""

CHUNK = 10_000
"""Rows per batch to Spark."""


class UnknownColumn(Exception):
    """A column that the table lacks; its text is the name."""


class Reader:
    """The content of one table's records. `purged` and `binlog` come from the previous commit. A record of another
    binlog, or from before the purge, is refused."""

    def __init__(self, table: Table, binlog: str = "", purged: datetime | None = None) -> None:
        self._table, self._binlog, self._purged = table, binlog, purged
        self._since = time_of(table.since)
        self.binlogs: set[str] = set()
        """Those of all records whose states were returned."""
        self._kind = KINDS[table.kind]
        self._columns = [(c.member, converter(c.type, c.declared, self._kind.spelling), c.member in table.key) for c in table.columns]
        self._outside = [c.member for c in table.columns if c.outside]
        types = {c.member: c.declared for c in table.columns}
        self._key = Key(table.key, [types[name] for name in table.key], self._kind.spelling)
        self._known = set(types) | set(table.omitted)

    def states(self, line: bytes) -> list[tuple[Any, ...]]:
        """The states in a line, each with the columns' values and then METADATA. Raises Unreadable for a record that
        cannot be applied, and UnknownColumn for one with a column that the table lacks."""
        record = parse(line, self._kind.record)
        if record is None or (self._since and record.made() < self._since):
            return []
        if (record.schema, record.table) != (self._table.schema, self._table.table):
            raise Unreadable(f"it is of {record.schema}.{record.table}")
        version, at, binlog = record.order()
        if binlog and self._binlog and binlog != self._binlog:
            raise Unreadable(
                f"it comes from {binlog}, and the table from {self._binlog}: another server's changes have no order with it; set source.rowsSince"
            )
        if self._purged and at < self._purged:
            raise Unreadable(
                f"it is of before {self._purged.isoformat()}: deleted rows of that time are no longer remembered, and it could bring one back; rebuild the table"
            )
        row = record.row()
        if not self._known.issuperset(row):
            raise UnknownColumn(text(next(name for name in row if name not in self._known)))
        self._complete(record, row)
        key = self._key.id(row)
        gone = record.operation == "delete"
        states = [(*self._values(row, only_key=gone), key, version, gone, at)]
        if (former := record.former()) is not None:
            before = self._key.id(former)
            if before != key:  # the row that had this key is no more
                states.append((*self._values(former, only_key=True), before, version, True, at))
        if binlog:
            self.binlogs.add(binlog)
        return states

    def _complete(self, record: Record, row: Row) -> None:
        """Refuses an update that has neither the new nor the old value of a column."""
        lacks = [name for name in self._outside if name not in row]
        if lacks and record.untold(self._table.key):
            raise Unreadable(
                f"column {lacks[0]} is neither in the row nor in its before-image, and may have any value: "
                f"ALTER TABLE {self._table.schema}.{self._table.table} REPLICA IDENTITY FULL, then load the table again"
            )

    def _values(self, row: dict[str, Any], only_key: bool) -> list[Any]:
        values: list[Any] = []
        member = ""
        try:
            for member, convert, in_key in self._columns:
                value = row.get(member)
                if in_key and value is None:
                    value = ""  # the key has made sure that this is its value
                values.append(None if value is None or (only_key and not in_key) else convert(value))
        except Unreadable as e:
            raise Unreadable(f"column {member}: {e}") from None
        return values


@dataclass
class Told:
    """What records report beside the rows' states."""

    states: int = 0
    refused: int = 0
    """Records that cannot be applied."""
    unknown: str | None = None
    """A column that the table lacks. Reading stopped after its record."""
    binlogs: set[str] = field(default_factory=set)

    def text(self) -> str:
        return json.dumps(vars(self) | {"binlogs": sorted(self.binlogs)})

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Told:
        """Combines several of them."""
        told = cls()
        for one in map(json.loads, texts):
            told.states += one["states"]
            told.refused += one["refused"]
            told.unknown = one["unknown"] if told.unknown is None else told.unknown
            told.binlogs |= set(one["binlogs"])
        return told


def read(
    reader: Reader, keys: Iterable[str], get: Callable[[str], bytes], refuse: Callable[[str, list[bytes]], None], told: Told
) -> Iterator[tuple[Any, ...]]:
    """The states in objects; the rest is added to `told`. The refused records of an object are parked together, one
    line of JSON each: `reason`, `object` and `record`, the original text. Reading an object again gives the same
    result."""
    told.binlogs = reader.binlogs
    for key in keys:
        refused = []
        for line in gzip.decompress(get(key)).split(b"\n"):
            if not line.strip():
                continue
            try:
                states = reader.states(line)
            except (ValueError, OverflowError) as e:  # Unreadable, and what Python says of a number or a time that it cannot hold
                put = {"reason": str(e), "object": key, "record": line.decode("utf-8", "backslashreplace")}
                refused.append(json.dumps(put, ensure_ascii=False).encode(errors="backslashreplace") + b"\n")
                continue
            except UnknownColumn as e:
                told.unknown = str(e)
                return
            told.states += len(states)
            yield from states
        if refused:
            told.refused += len(refused)
            refuse(key, refused)
