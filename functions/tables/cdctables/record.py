"""Parses a DMS change record: its row, and its position among the changes of that row.

It gives the same results as the Go package `internal/change`. Both are tested with testdata/vectors.json, which
that package writes.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

BEFORE_IMAGE = "before-image"
"""The member with a row's columns before an update, as the task's settings name it."""


class Unreadable(ValueError):
    """A record or value whose meaning is unclear. Its text is the reason."""


class Number(str):
    """A JSON number in its original spelling, with every digit."""

    __slots__ = ()


Value = str | Number | bool | None
Row = dict[str, Any]  # of Value; an object or array is refused where it is read


def _members(pairs: list[tuple[str, Any]]) -> Row:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f'"{twice}" comes twice')
    return members


def _refuse(constant: str) -> Any:
    raise Unreadable(f"it is not JSON: {constant}")


_decoder = json.JSONDecoder(object_pairs_hook=_members, parse_int=Number, parse_float=Number, parse_constant=_refuse)


def text(value: str) -> str:
    """A string in which each lone surrogate, which UTF-8 cannot hold, is U+FFFD, as in Go."""
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Order(NamedTuple):
    """A record's position among those of its row, and its time."""

    version: int
    """From 1 to 2^63-1; a change's is greater than any load's."""
    at: datetime
    """When the change was committed or the row was loaded, in UTC."""
    binlog: str
    """The name of the binlog files without their number; empty for a load."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a data change. `before` is None without a before-image."""

    operation: str
    schema: str
    table: str
    data: Row
    before: Row | None
    metadata: Row

    def row(self) -> Row:
        """The whole row: after an insert or update, before a delete. `change.Record.Row`."""
        return self.data

    def former(self) -> Row | None:
        """The row before an update, as far as the record contains it; None when it contains none."""
        return self.before if self.operation == "update" else None

    def untold(self, key: Collection[str]) -> bool:
        """Whether a column that the record omits may have any value. `change.Record.Untold`."""
        return False

    def order(self) -> Order:
        """The record's position among those of its row. `change.Record.Version` explains the bits."""
        if self.operation == "load":
            at = self.made()
            micros = _micros(at)
            if not 0 < micros < CHANGED:
                raise Unreadable(f"timestamp {self._member('timestamp')} is not after 1970")
            return Order(micros, at, "")
        return self._change()

    def _change(self) -> Order:
        """A change's order."""
        binlog, file = self._place()
        number = digits_of(self._member("transaction-record-id"))
        if number is None:
            raise Unreadable(
                f"transaction-record-id {self._quoted('transaction-record-id')} is no number: set IncludeTransactionDetails of the target endpoint"
            )
        at = moment("commit-timestamp", self._member("commit-timestamp"))
        transaction = digits_of(self._member("transaction-id"))
        if transaction is None:
            raise Unreadable(f"transaction-id {self._quoted('transaction-id')} is no number: set IncludeTransactionDetails of the target endpoint")
        if transaction >> 32 != file:
            raise Unreadable(f"transaction-id {transaction} does not begin in the binlog file of stream-position {self._member('stream-position')}")
        if file >= 1 << 28:
            raise Unreadable(f"binlog file {file} is beyond {(1 << 28) - 1}")
        begin = transaction & 0xFFFFFFFF
        if not 0 < number < (1 << 34) - begin:
            raise Unreadable(f"transaction-record-id {number} of a transaction at {begin} is not from 1 to {(1 << 34) - 1 - begin}")
        return Order(CHANGED | file << 34 | begin + number, at, binlog)

    def _place(self) -> tuple[str, int]:
        """The name of the binlog files without their number, and the file's number."""
        position = self._member("stream-position")
        match = _PLACE.match(position)
        if not match or (file := digits_of(match[2])) is None or digits_of(match[3]) is None:
            raise Unreadable(f"stream-position {self._quoted('stream-position')} does not begin with a binlog file and an offset")
        return match[1], file

    def made(self) -> datetime:
        """When DMS made the record, in UTC."""
        return moment("timestamp", self._member("timestamp"))

    def _member(self, name: str) -> str:
        value = self.metadata.get(name)
        return "" if value is None else str(value)

    def _quoted(self, name: str) -> str:
        return json.dumps(self._member(name), ensure_ascii=False)


CHANGED = 1 << 62
"""The bit of a change's version, which a load's lacks."""
_PLACE = re.compile(r"^([^:]+)\.([0-9]+):([0-9]+)(?::|$)", re.DOTALL)
_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def digits_of(value: str) -> int | None:
    """A whole number of up to 64 bits; None for anything else."""
    if not value.isascii() or not value.isdigit() or (n := int(value)) >= 1 << 64:
        return None
    return n


def moment(name: str, value: str) -> datetime:
    try:
        if match := _TIME.match(value):
            at = datetime.fromisoformat(value)  # finer than microseconds is cut, as Go's UnixMicro does
            return at if match[3] == "Z" else at.astimezone(UTC)
    except ValueError:
        pass
    raise Unreadable(f"{name} {json.dumps(value, ensure_ascii=False)} is no time (RFC 3339)")


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def parse(line: bytes, of: type[Record] = Record) -> Record | None:
    """The record in a line, as an instance of a class. None for a control record, which concerns no row. Anything
    else raises Unreadable."""
    try:
        decoded = line.decode()
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8") from None
    try:
        record = _decoder.decode(decoded.strip(" \t\r\n"))
    except (json.JSONDecodeError, RecursionError):
        raise Unreadable("it is not JSON") from None
    if not isinstance(record, dict):
        raise Unreadable("the record is not an object")
    metadata = record.get("metadata")
    if not isinstance(metadata, dict):
        raise Unreadable("it has no metadata")
    if not _PLAIN.issuperset(map(type, metadata.values())):
        for name in ("record-type", "operation", "schema-name", "table-name", *_TEXTS):
            if isinstance(metadata.get(name), (bool, dict, list)):
                raise Unreadable(f"metadata: {name} is neither a string nor a number")
    kind, operation = metadata.get("record-type") or "", metadata.get("operation") or ""
    if kind == "control":
        if not operation:
            raise Unreadable("metadata: a control record has no operation")
        return None
    if kind != "data":
        raise Unreadable(f'metadata: record-type is "{kind}", neither data nor control')
    if operation not in ("load", "insert", "update", "delete"):
        raise Unreadable(f'metadata: operation "{operation}" of a data record is not known')
    schema, table = metadata.get("schema-name") or "", metadata.get("table-name") or ""
    if not schema or not table:
        raise Unreadable("metadata: a data record names no schema-name or no table-name")
    data, before = record.get("data"), record.get(BEFORE_IMAGE)
    if not isinstance(data, dict):
        raise Unreadable("a data record has no data")
    if BEFORE_IMAGE in record and not isinstance(before, dict):
        raise Unreadable(f"{BEFORE_IMAGE} is not an object")
    return of(str(operation), str(schema), str(table), data, before, metadata)


_PLAIN = {str, Number, type(None)}
_TEXTS = (
    "timestamp", "commit-timestamp", "partition-key-type", "partition-key-value", "transaction-id", "transaction-record-id",
    "prev-transaction-id", "prev-transaction-record-id", "stream-position",
)  # fmt: skip


# Keys. A row's key has a text for each column of its primary key. Equal values have equal texts, however they were
# written: loads and changes write times with or without a fraction, and bytes with or without trailing zeros.

_KINDS = {
    "texts": "char varchar tinytext text mediumtext longtext enum set string wstring clob nclob",
    "exact": "tinyint smallint mediumint int integer bigint year int1 int2 int4 int8 int16 int32 int64 "
    "uint1 uint2 uint4 uint8 uint16 uint32 uint64 decimal numeric",
    "single": "float real4",
    "double": "double real real8",
    "boolean": "boolean",
    "bits": "bit",
    "date": "date",
    "instant": "datetime timestamp",
    "clock": "time",
    "fixed": "binary",
    "octets": "varbinary tinyblob blob mediumblob longblob bytes",
    "uuid": "uuid",
    "address": "inet4 inet6",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_LENGTHS = {"inet4": 4, "inet6": 16, "uuid": 16}
_LONGEST_BINARY = 255


class Spelling:
    """Writes equal values of a type as the same text. A value that does not fit the type keeps its spelling."""

    __slots__ = ("kind", "length")

    absent_is_empty = True
    """Whether an empty value may be absent, and not only null."""

    def __init__(self, declared: str) -> None:
        """declared is a type in the spelling of MySQL (datetime(6), bigint(20) unsigned) or DMS; empty when unknown."""
        name, _, rest = declared.lower().replace("(", " ", 1).partition(" ")
        self.kind = _KIND_OF.get(name, "")
        self.length = _LENGTHS.get(name, 0)
        if self.kind in ("fixed", "bits"):
            digits = rest.partition(")")[0]
            self.length = min(max(int(digits) if digits.isdigit() else 0, 1), _LONGEST_BINARY)
            if self.kind == "bits" and self.length == 1:
                self.kind = "boolean"

    def may_be_empty(self) -> bool:
        """Whether the type has an empty value, which DMS may write as null or omit."""
        return self.kind in ("texts", "octets", "fixed")

    def text(self, value: Any) -> str:
        """The value's text."""
        if value is None or isinstance(value, (dict, list)):
            raise Unreadable("its value is not a string, number or boolean")
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not self.kind:
            return self._unknown(value)
        if self.kind == "texts":
            return text(value)
        return str(getattr(self, "_" + self.kind)(text(value)))

    @staticmethod
    def _unknown(value: str) -> str:
        if not isinstance(value, Number):
            return text(value)
        if "e" in value or "E" in value:
            raise _rounded(value)
        return _plain(value)

    @staticmethod
    def _exact(value: str) -> str:
        if value in ("true", "false"):
            return "1" if value == "true" else "0"
        if not value or value.strip("0123456789.+-eE"):
            return value
        if "e" in value or "E" in value:
            raise _rounded(value)
        sign, digits = ("-", value[1:]) if value.startswith("-") else ("", value)
        digits = digits.lstrip("0")
        if not digits or digits[0] == ".":
            digits = "0" + digits
        return _plain(sign + digits)

    @staticmethod
    def _double(value: str) -> str:
        return _float(value, float)

    @staticmethod
    def _single(value: str) -> str:
        return _float(value, single)

    @staticmethod
    def _boolean(value: str) -> str:
        return {"1": "true", "0x1": "true", "0x01": "true", "0": "false", "0x0": "false", "0x00": "false"}.get(value, value)

    def _bits(self, value: str) -> str:
        digits = value[2:] if value.startswith("0x") else value
        try:
            if not re.fullmatch(r"[0-9a-fA-F]+", digits) or (n := int(digits, 16 if value.startswith("0x") else 10)) >= 1 << 64:
                return value
        except ValueError:
            return value
        return f"0x{n:0{2 * ((self.length + 7) // 8)}X}"

    @staticmethod
    def _date(value: str) -> str:
        return value[:10] if len(value) > 10 and not value[10:].strip("T 0:.Z") else value

    @staticmethod
    def _instant(value: str) -> str:
        clock = value.removesuffix("Z").removesuffix("+00:00")
        if len(clock) < 19 or clock[10] not in "T " or clock[19:].strip("0123456789."):
            return value
        return f"{clock[:10]}T{_without_fraction(clock[11:])}Z"

    @staticmethod
    def _clock(value: str) -> str:
        return _without_fraction(value)

    def _octets(self, value: str) -> str:
        digits = value.removeprefix("0x")
        if (value and not value.startswith("0x")) or digits.strip("0123456789abcdefABCDEF"):
            return value
        if self.kind == "fixed":
            digits = f"{digits:0<{2 * self.length}}"
        return "0x" + digits.upper()

    _fixed = _octets

    def _raw(self, value: str) -> bytes | None:
        """The bytes of a value with a fixed length; the binlog omits trailing zeros."""
        digits = value[2:]
        if not value.startswith("0x") or len(digits) > 2 * self.length or digits.strip("0123456789abcdefABCDEF") or len(digits) % 2:
            return None
        return bytes.fromhex(f"{digits:0<{2 * self.length}}")

    def _uuid(self, value: str) -> str:
        if (raw := self._raw(value)) is not None:
            value = raw.hex()
            return "-".join((value[:8], value[8:12], value[12:16], value[16:20], value[20:]))
        return value.lower()

    def _address(self, value: str) -> str:
        try:
            raw = self._raw(value)
            return _ip(ipaddress.ip_address(value if raw is None else raw))
        except ValueError:
            return value


def _ip(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """In Go's spelling of addresses: an IPv4 address within IPv6 has dots."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def _rounded(number: str) -> Unreadable:
    return Unreadable(f"{number} is in scientific notation, which may have lost digits: set UseLargeIntegerValue of the target endpoint")


def _plain(number: str) -> str:
    if "." in number:
        number = number.rstrip("0").removesuffix(".")
    return "0" if number == "-0" else str(number)


def _without_fraction(clock: str) -> str:
    return clock.rstrip("0").removesuffix(".") if "." in clock else clock


def single(value: str) -> float:
    """The 32-bit number nearest to a decimal one."""
    return float(struct.unpack("f", struct.pack("f", float(value)))[0])


def _float(value: str, parse_float: Any) -> str:
    """A number without an exponent, with the fewest digits that distinguish it from its neighbours."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value, re.ASCII):
        return value
    try:
        number = parse_float(value)
    except OverflowError:
        return value
    if number in (float("inf"), float("-inf")):
        return value
    if number == 0:
        return "0"
    digits = repr(number) if parse_float is float else _shortest_single(number)
    return _plain(f"{_decimal(digits):f}")


def _decimal(digits: str) -> Any:
    from decimal import Decimal

    return Decimal(digits)


def _shortest_single(number: float) -> str:
    """The fewest digits that identify this 32-bit number."""
    for digits in range(1, 10):
        shorter = f"{number:.{digits}g}"
        if single(shorter) == number:
            return shorter
    return repr(number)


class Key:
    """The columns of a primary key in order, with their types."""

    def __init__(self, names: Sequence[str], types: Sequence[str], spelling: type[Spelling] = Spelling) -> None:
        if not names:
            raise ValueError("no columns of a primary key were named")
        self._columns = [(name, spelling(declared)) for name, declared in zip(names, types, strict=True)]

    def of(self, row: Row) -> list[str]:
        """A row's key."""
        key = []
        for name, spelling in self._columns:
            value = row.get(name)
            if value is None:
                # A key has no NULL, so a null or absent text or bytes value is empty. A row without any value has no
                # known key. Nor has a PostgreSQL row with an omitted value.
                if not row or not spelling.may_be_empty() or not (spelling.absent_is_empty or name in row):
                    raise Unreadable(f"column {name} is missing or null")
                value = ""
            try:
                key.append(spelling.text(value))
            except Unreadable as e:
                raise Unreadable(f"column {name}: {e}") from None
        return key

    def id(self, row: Row) -> str:
        """The key as one text, equal for equal keys: the id of the row's document in the current index,
        `change.Key.ID`."""
        joined = ",".join(_escaped(value) for value in self.of(row))
        raw = joined.encode()
        return joined if len(raw) <= 512 else "#" + hashlib.sha256(raw).hexdigest()


_SPECIAL = re.compile(r"[\x00-\x1f\x7f%,#]")


def _escaped(value: str) -> str:
    return _SPECIAL.sub(lambda m: f"%{ord(m[0]):02X}", value) or "%e"
