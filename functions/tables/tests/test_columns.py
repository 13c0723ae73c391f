"""Values get their columns' types, or are refused; no digit is lost."""

import unittest
from datetime import UTC, date, datetime
from decimal import Decimal

from cdctables.columns import converter
from cdctables.postgres import PostgresSpelling
from cdctables.record import Number, Unreadable

READ = [
    ("int", "tinyint(1)", True, 1),
    ("int", "int(11)", Number("-2147483648"), -2147483648),
    ("int", "int(11)", Number("1.50e1"), 15),
    ("bigint", "bigint(20)", "9223372036854775807", 9223372036854775807),
    ("decimal(20,0)", "bigint(20) unsigned", Number("18446744073709551615"), Decimal("18446744073709551615")),
    ("decimal(30,6)", "decimal(30,6)", Number("-123456789012345678901234.5"), Decimal("-123456789012345678901234.500000")),
    ("decimal(5,2)", "decimal(5,2)", Number("-0.00"), Decimal("0.00")),
    ("float", "float", Number("0.1"), 0.10000000149011612),
    ("double", "double", "1e300", 1e300),
    ("boolean", "bit(1)", Number("1"), True),
    ("boolean", "bit(1)", "0x00", False),
    ("date", "date", "2026-02-28T00:00:00Z", date(2026, 2, 28)),
    ("timestamp", "datetime(6)", "1850-01-02T03:04:05.000006Z", datetime(1850, 1, 2, 3, 4, 5, 6, UTC)),
    ("timestamp", "datetime", "9999-12-31 23:59:59", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ("timestamp", "datetime", "2026-02-28", datetime(2026, 2, 28, tzinfo=UTC)),
    ("string", "time(6)", "12:00:00.500000", "12:00:00.5"),
    ("string", "binary(4)", "0xCAFE", "0xCAFE0000"),
    ("string", "varchar(9)", "a\ud800\U0001f600", "a\ufffd\U0001f600"),
]

REFUSED = [
    ("int", "int(11)", Number("2147483648")), ("int", "int(11)", Number("1.5")), ("int", "int(11)", ""), ("int", "int(11)", "1_0"), ("int", "int(11)", "٣"),
    ("bigint", "bigint(20)", Number("1.2345678901234567E18")), ("decimal(5,2)", "decimal(5,2)", Number("1.005")), ("decimal(5,2)", "decimal(5,2)", Number("1000")),
    ("double", "double", Number("1e999")), ("double", "double", "nan"), ("float", "float", Number("1e39")), ("boolean", "bit(1)", "2"), ("date", "date", "0000-00-00"),
    ("date", "date", "2026-02-28T01:00:00Z"), ("date", "date", "2026-02-30"), ("timestamp", "datetime(6)", "2026-01-01T00:00:00.0000001Z"), ("timestamp", "datetime", "2026-01-01T24:00:00Z"),
    ("string", "json", {"a": 1}), ("int", "int", [1]),
]  # fmt: skip

OF_POSTGRES = [
    ("bigint", "bigint", Number("-9223372036854775808"), -9223372036854775808),
    ("decimal(38,10)", "numeric(38,10)", Number("1234567890123456789012345678.0123456789"), Decimal("1234567890123456789012345678.0123456789")),
    ("float", "real", Number("0.1"), 0.10000000149011612),
    ("double", "double precision", "-Infinity", float("-inf")),
    ("boolean", "boolean", "f", False),
    ("boolean", "boolean", True, True),
    ("timestamp", "timestamp(3) with time zone", "2026-02-28 01:02:03.004+00", datetime(2026, 2, 28, 1, 2, 3, 4000, UTC)),
    ("timestamp", "timestamp without time zone", "9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ("string", "numeric", Number("123456789012345678901234567890123456789.1230"), "123456789012345678901234567890123456789.123"),
    ("string", "bytea", "\\xcafe", "0xCAFE"),
    ("string", "uuid", "123E4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
    ("string", "integer[]", "{1,NULL}", "{1,NULL}"),
    ("string", "jsonb", '{"a": 1.10}', '{"a": 1.10}'),
]

REFUSED_OF_POSTGRES = [
    ("decimal(5,2)", "numeric(5,2)", "NaN"), ("timestamp", "timestamp with time zone", "4713-01-01 00:00:00 BC"), ("timestamp", "timestamp with time zone", "2026-02-28 01:02:03+02"),
    ("boolean", "boolean", "yes"), ("float", "real", "nan"), ("string", "jsonb", {"a": 1}),
]  # fmt: skip


class Columns(unittest.TestCase):
    def test_values_are_read(self) -> None:
        for type_, declared, value, want in READ:
            with self.subTest(type_, value=value):
                got = converter(type_, declared)(value)
                self.assertEqual((type(want), want), (type(got), got))

    def test_values_of_postgres_are_read_with_its_spellings(self) -> None:
        for type_, declared, value, want in OF_POSTGRES:
            with self.subTest(declared, value=value):
                got = converter(type_, declared, PostgresSpelling)(value)
                self.assertEqual((type(want), want), (type(got), got))
        for type_, declared, value in REFUSED_OF_POSTGRES:
            with self.subTest(declared, value=value), self.assertRaises(Unreadable):
                converter(type_, declared, PostgresSpelling)(value)

    def test_what_does_not_fit_is_refused(self) -> None:
        for type_, declared, value in REFUSED:
            with self.subTest(type_, value=value), self.assertRaises(Unreadable):
                converter(type_, declared)(value)


if __name__ == "__main__":
    unittest.main()
