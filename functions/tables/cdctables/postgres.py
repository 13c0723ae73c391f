"""The differences of PostgreSQL's records from MySQL's: their position in the log, the whole row, and the values'
types.

The Go package `internal/change` gives the same results. Both are tested with testdata/vectors_postgresql.json.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass

from cdctables.record import CHANGED, Order, Record, Row, Spelling, Unreadable, digits_of, moment

_HALF = "([0-9A-Fa-f]{1,8})"
_PLACE = re.compile(rf"{_HALF}/{_HALF}\.[0-9]+\.{_HALF}/{_HALF}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PostgresRecord(Record):
    """A record of a data change in PostgreSQL."""

    def row(self) -> Row:
        # An update omits unchanged values that are stored outside of the row (TOAST).
        if self.operation != "update" or not self.before:
            return self.data
        return self.before | self.data

    def former(self) -> Row | None:
        # An update that keeps the key logs no former row, unless REPLICA IDENTITY is FULL.
        return (self.before or None) if self.operation == "update" else None

    def untold(self, key: Collection[str]) -> bool:
        # With REPLICA IDENTITY FULL a before-image has more than the key, and every value that the update omits.
        return self.operation == "update" and set(self.before or ()).issubset(key)

    def _change(self) -> Order:
        """By the change's own LSN in the log: `change.Record.Order`."""
        match = _PLACE.fullmatch(self._member("stream-position"))
        if not match:
            raise Unreadable(f"stream-position {self._quoted('stream-position')} is not of the form LSN.number.LSN")
        own, second = (int(high, 16) << 32 | int(low, 16) for high, low in (match.group(1, 2), match.group(3, 4)))
        if not 0 < own < CHANGED:
            raise Unreadable(f"the LSN of stream-position {self._quoted('stream-position')} is not from 1 to 2^62-1")
        number = digits_of(self._member("transaction-record-id"))
        if not number:
            raise Unreadable(
                f"transaction-record-id {self._quoted('transaction-record-id')} is no number from 1: set IncludeTransactionDetails of the target endpoint"
            )
        if self.operation != "insert" and number > 1 and own == second:
            raise Unreadable(
                f"stream-position {self._quoted('stream-position')} of change {number} of its transaction has one LSN twice: "
                "the first is where the transaction begins, which is no order, and not the change's own"
            )
        return Order(CHANGED | own, moment("commit-timestamp", self._member("commit-timestamp")), "")


_KINDS = {
    "texts": ["text", "character varying", "varchar", "citext", "name", "string", "wstring", "clob", "nclob"],
    "exact": [
        "smallint", "integer", "bigint", "oid", "smallserial", "serial", "bigserial", "int1", "int2", "int4", "int8", "int16", "int32", "int64",
        "uint1", "uint2", "uint4", "uint8", "uint16", "uint32", "uint64", "numeric", "decimal", "money",
    ],
    "single": ["real", "float4", "real4"],
    "double": ["double precision", "float8", "real8"],
    "truth": ["boolean", "bool"],
    "date": ["date"],
    "moment": ["timestamp", "timestamp without time zone", "timestamp with time zone", "timestamptz", "datetime"],
    "zoned": ["time", "time without time zone", "time with time zone", "timetz"],
    "escaped": ["bytea", "bytes", "blob"],
    "uuid": ["uuid"],
    "network": ["inet", "cidr"],
    "padded": ["character", "char", "bpchar"],
}  # fmt: skip
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}
_BRACKETS = re.compile(r"^([^(]*?)\s*\(.*\)")


class PostgresSpelling(Spelling):
    """Writes equal values of a PostgreSQL type as the same text."""

    __slots__ = ()

    absent_is_empty = False

    def __init__(self, declared: str) -> None:
        """declared is a type in the spelling of PostgreSQL's format_type (timestamp(3) with time zone) or DMS; empty
        when unknown."""
        name = _BRACKETS.sub(r"\1", declared.strip().lower())
        self.kind = _KIND_OF.get(name, "")
        self.length = 16  # of a UUID

    def may_be_empty(self) -> bool:
        return self.kind in ("texts", "escaped", "padded")

    def _truth(self, value: str) -> str:
        return {"t": "true", "f": "false"}.get(value) or self._boolean(value)

    def _moment(self, value: str) -> str:
        return self._instant(value.removesuffix("+00"))

    def _zoned(self, value: str) -> str:
        end = max(value.rfind(c) for c in "+-Z")
        end = end if end > 0 else len(value)
        return self._clock(value[:end]) + value[end:]

    def _escaped(self, value: str) -> str:
        return self._octets("0x" + value[2:] if value.startswith("\\x") else value)

    def _network(self, value: str) -> str:
        host, slash, bits = value.partition("/")
        address = self._address(host)
        try:
            most = str(ipaddress.ip_address(host).max_prefixlen)
        except ValueError:
            return value
        if not slash or bits == most:
            return address
        return f"{address}/{bits}" if re.fullmatch("0|[1-9][0-9]{0,2}", bits) and int(bits) < int(most) else value

    @staticmethod
    def _padded(value: str) -> str:
        return value.rstrip(" ")
