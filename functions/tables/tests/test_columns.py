"""Values get their columns' types, or are refused; no digit is lost."""

import unittest
from datetime import UTC, date, datetime
from decimal import Decimal

from cdctables.columns import converter
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


class Columns(unittest.TestCase):
    def test_values_are_read(self) -> None:
        for type_, declared, value, want in READ:
            with self.subTest(type_, value=value):
                got = converter(type_, declared)(value)
                self.assertEqual((type(want), want), (type(got), got))

    def test_what_does_not_fit_is_refused(self) -> None:
        for type_, declared, value in REFUSED:
            with self.subTest(type_, value=value), self.assertRaises(Unreadable):
                converter(type_, declared)(value)


if __name__ == "__main__":
    unittest.main()
