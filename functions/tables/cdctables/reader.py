"""Reads objects of records into rows of states: what the table is to hold of each row that a record tells of."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from cdctables.columns import converter
from cdctables.objects import time_of
from cdctables.record import Key, Record, Unreadable, parse
from cdctables.spec import Table

METADATA = (("cdc_key", "string"), ("cdc_version", "bigint"), ("cdc_gone", "boolean"), ("cdc_at", "timestamp"))
"""The columns of a table beside the source's: the key as one text, the order of the last change, whether that deleted the row,
and when it was committed."""

ROW, REFUSED, UNKNOWN, SKIPPED = "row", "refused", "unknown", "skipped"
"""What a line is: the state of a row; a record that cannot be applied; one with a column that the table does not have; one that
is none of this table's."""

CHUNK = 10_000
"""Rows of a batch that goes to Spark."""


class Reader:
    """What the records of one table say. `purged` and `binlog` are those of the commit before; a record of another binlog, or from
    before the purge, is refused."""

    def __init__(self, table: Table, binlog: str = "", purged: datetime | None = None) -> None:
        self._table, self._binlog, self._purged = table, binlog, purged
        self._since = time_of(table.since)
        self._columns = [(c.member, converter(c.type, c.declared)) for c in table.columns]
        types = {c.member: c.declared for c in table.columns}
        self._key = Key(table.key, [types[name] for name in table.key])
        self._key_columns = set(table.key)
        self._known = set(types) | set(table.omitted)

    def states(self, line: bytes) -> Iterator[tuple[Any, ...]]:
        """The states that a line tells of: values of the columns, then those of METADATA, then kind, binlog and detail."""
        try:
            record = parse(line)
            if record is None or (self._since and record.made() < self._since):
                yield self._other(SKIPPED, "")
                return
            if (record.schema, record.table) != (self._table.schema, self._table.table):
                raise Unreadable(f"it is of {record.schema}.{record.table}")
            yield from list(self._of(record))
        except Unreadable as e:
            yield self._other(REFUSED, str(e))

    def _of(self, record: Record) -> Iterator[tuple[Any, ...]]:
        version, at = record.version(), record.committed()
        binlog = "" if record.operation == "load" else record.place()[0]
        if binlog and self._binlog and binlog != self._binlog:
            raise Unreadable(
                f"it comes from {binlog}, and the table from {self._binlog}: another server's changes have no order with it; set source.rowsSince"
            )
        if self._purged and at < self._purged:
            raise Unreadable(
                f"it is of before {self._purged.isoformat()}: deleted rows of that time are no longer remembered, and it could bring one back; rebuild the table"
            )
        for name in record.data:
            if name not in self._known:
                yield self._other(UNKNOWN, name)
                return
        key = self._key.id(record.data)
        gone = record.operation == "delete"
        yield (*self._values(record.data, only_key=gone), key, version, gone, at, ROW, binlog, "")
        if record.operation == "update" and record.before is not None:
            before = self._key.id(record.before)
            if before != key:  # the row that had this key is no more
                yield (*self._values(record.before, only_key=True), before, version, True, at, ROW, binlog, "")

    def _values(self, row: dict[str, Any], only_key: bool) -> Iterator[Any]:
        for member, convert in self._columns:
            value = row.get(member)
            if only_key and member not in self._key_columns:
                value = None
            elif value is None and member in self._key_columns:
                value = ""  # the key has made sure that this is its value
            try:
                yield None if value is None else convert(value)
            except Unreadable as e:
                raise Unreadable(f"column {member}: {e}") from None

    def _other(self, kind: str, detail: str) -> tuple[Any, ...]:
        return (None,) * (len(self._columns) + len(METADATA)) + (kind, "", detail)


FLAGS = (("cdc_kind", "string"), ("cdc_binlog", "string"), ("cdc_detail", "string"))
"""What a reader says of a line beside the state."""


def read(reader: Reader, keys: Iterable[str], get: Callable[[str], bytes], refuse: Callable[[str, list[bytes]], None]) -> Iterator[tuple[Any, ...]]:
    """The states of objects. What is refused of an object is put aside as a whole: a line of JSON for each, `reason`, `object` and
    `record`, the text as it came. An object that is read again gives the same."""
    for key in keys:
        refused = []
        for line in gzip.decompress(get(key)).split(b"\n"):
            if not line.strip():
                continue
            for state in reader.states(line):
                if state[-3] == REFUSED:
                    put = {"reason": state[-1], "object": key, "record": line.decode("utf-8", "backslashreplace")}
                    refused.append(json.dumps(put, ensure_ascii=False).encode() + b"\n")
                yield state
        if refused:
            refuse(key, refused)
