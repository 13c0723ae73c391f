"""Converts a record's values to the types of a table's columns. It keeps every digit; a value that does not fit is
Unreadable."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from cdctables.postgres import PostgresSpelling
from cdctables.record import Number, Spelling, Unreadable, single

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ]00:00:00(\.0*)?Z?)?", re.ASCII)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.([0-9]*))?Z?)?", re.ASCII)
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_WHOLE_BITS = {"int": 31, "bigint": 63}
_EXACT_DIGITS = 15
"""Digits of a number in scientific notation. DMS writes it from a floating-point number, which holds this many."""

Converter = Callable[[Any], Any]


def converter(type_: str, declared: str, spelling: type[Spelling] = Spelling) -> Converter:
    """Returns a function that converts a JSON value other than null to a Spark type. The function raises Unreadable.
    `spelling` belongs to the source's kind."""
    if type_ in _WHOLE_BITS:
        return _whole(_WHOLE_BITS[type_])
    if decimal := _DECIMAL.fullmatch(type_):
        return _decimal(int(decimal[1]), int(decimal[2]))
    if type_ in _POSTGRES and issubclass(spelling, PostgresSpelling):
        return _POSTGRES[type_]
    if type_ in _SIMPLE:
        return _SIMPLE[type_]
    if type_ != "string":
        raise ValueError(f"there is no column of type {type_}")
    return spelling(declared).text


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str):
        raise Unreadable("its value is not a string, number or boolean")
    return value


def _exact(value: Any) -> Decimal:
    digits = _scalar(value)
    match = _NUMBER.fullmatch(digits)
    if not match:
        raise Unreadable(f"{digits!r} is no number")
    number = Decimal(digits)
    if match[2] and len(number.as_tuple().digits) > _EXACT_DIGITS:
        raise Unreadable(f"{digits} is in scientific notation, which may have lost digits: set UseLargeIntegerValue of the target endpoint")
    return number


def _whole(bits: int) -> Converter:
    def convert(value: Any) -> int:
        number = int(value) if type(value) is Number and value.isdigit() else _exact(value)
        if number != int(number) or not -(1 << bits) <= number < 1 << bits:
            raise Unreadable(f"{value} is no whole number of {bits + 1} bits")
        return int(number)

    return convert


def _decimal(precision: int, scale: int) -> Converter:
    unit = Decimal(1).scaleb(-scale)
    exact = Context(prec=precision, traps=[Inexact, InvalidOperation])

    def convert(value: Any) -> Decimal:
        try:
            return _exact(value).quantize(unit, context=exact)
        except (Inexact, InvalidOperation):
            raise Unreadable(f"{value} is no decimal({precision},{scale})") from None

    return convert


def _floating(parse: Callable[[str], float]) -> Converter:
    def convert(value: Any) -> float:
        digits = _scalar(value)
        try:
            if _NUMBER.fullmatch(digits) and abs(number := parse(digits)) < float("inf"):
                return number
        except OverflowError:
            pass
        raise Unreadable(f"{digits!r} is no floating-point number")

    return convert


def _boolean(value: Any, spelling: type[Spelling] = Spelling) -> bool:
    spelled = spelling("boolean").text(value)
    if spelled not in ("true", "false"):
        raise Unreadable(f"{spelled!r} is neither true nor false")
    return spelled == "true"


def _date(value: Any) -> date:
    match = _DAY.fullmatch(_scalar(value))
    try:
        if match:
            return date.fromisoformat(match[1])
    except ValueError:
        pass
    raise Unreadable(f"{value!r} is no date")


def _timestamp(value: Any) -> datetime:
    match = _INSTANT.fullmatch(_scalar(value))
    try:
        if match and not (match[1] or "")[6:].strip("0"):
            at = datetime.fromisoformat(value.removesuffix("Z").removesuffix("."))
            return at.replace(tzinfo=UTC)
    except ValueError:
        pass
    raise Unreadable(f"{value!r} is no time of microseconds")


_SIMPLE: dict[str, Converter] = {
    "float": _floating(single), "double": _floating(float), "boolean": _boolean, "date": _date, "timestamp": _timestamp,
}  # fmt: skip


def _or_special(convert: Converter) -> Converter:
    """A floating-point number of PostgreSQL, which may be NaN or infinite."""
    return lambda value: float(value) if value in ("NaN", "Infinity", "-Infinity") else convert(value)


_POSTGRES: dict[str, Converter] = {
    "float": _or_special(_SIMPLE["float"]), "double": _or_special(_SIMPLE["double"]), "boolean": lambda value: _boolean(value, PostgresSpelling),
    "timestamp": lambda value: _timestamp(PostgresSpelling("timestamp").text(value)),
}  # fmt: skip
