"""How an object's lines change a table's rows."""

import gzip
import json
import unittest
from datetime import UTC, datetime
from typing import Any

from cdctables.reader import Reader, Told, UnknownColumn, read
from cdctables.record import Unreadable
from cdctables.spec import Column, Table

TABLE = Table(
    "shop_orders_table", "shop_orders_next", "shop", "orders", "raw/schema=shop/table=orders/", "tables/1/iceberg/shop_orders/all",
    (Column("id", "Id", "int(11)", "int"), Column("tag", "tag", "binary(2)", "string"), Column("total", "total", "decimal(9,2)", "decimal(9,2)")),
    ("Id", "tag"), ("secret",),
)  # fmt: skip


def line(
    op: str,
    data: dict[str, Any],
    before: dict[str, Any] | None = None,
    number: int = 1,
    binlog: str = "bin",
    made: str = "2026-11-28T10:00:00Z",
    table: str = "orders",
) -> bytes:
    metadata = {"record-type": "data", "operation": op, "schema-name": "shop", "table-name": table, "timestamp": made}
    if op != "load":
        metadata |= {
            "commit-timestamp": made,
            "transaction-id": 7 << 32 | 4,
            "transaction-record-id": number,
            "stream-position": f"{binlog}.000007:4:0",
        }
    return json.dumps({"data": data, "metadata": metadata} | ({"before-image": before} if before is not None else {})).encode()


def states(text: bytes, **known: Any) -> list[dict[str, Any]]:
    names = ["id", "tag", "total", "key", "version", "gone", "at"]
    return [dict(zip(names, state, strict=True)) for state in Reader(TABLE, **known).states(text)]


class Lines(unittest.TestCase):
    def test_a_row(self) -> None:
        (row,) = states(line("insert", {"Id": 1, "tag": "0xCA", "total": 1.5, "secret": "s"}))
        self.assertEqual((1, "0xCA00", "1.50", "1,0xCA00", False), (row["id"], row["tag"], str(row["total"]), row["key"], row["gone"]))

    def test_a_deleted_row_keeps_its_key_alone(self) -> None:
        (row,) = states(line("delete", {"Id": 1, "tag": "0xCA00", "total": 1.5}))
        self.assertEqual((1, "0xCA00", None, True), (row["id"], row["tag"], row["total"], row["gone"]))

    def test_an_update_of_the_key_ends_the_former_row(self) -> None:
        now, former = states(line("update", {"Id": 2, "tag": "0xCA00", "total": 1.5}, {"Id": 1, "tag": "0xCA"}))
        self.assertEqual((2, False, 1, True, "1,0xCA00"), (now["id"], now["gone"], former["id"], former["gone"], former["key"]))
        self.assertEqual(now["version"], former["version"])
        self.assertEqual(1, len(states(line("update", {"Id": 1, "tag": "0xCA00"}, {"Id": 1, "tag": "0xCA"}))), "the same key, written otherwise")

    def test_an_empty_value_in_the_key_may_be_null(self) -> None:
        (row,) = states(line("load", {"Id": 1}))
        self.assertEqual(("0x0000", "1,0x0000"), (row["tag"], row["key"]))

    def test_what_is_refused_says_why(self) -> None:
        for text, why in {
            b"{": "not JSON",
            line("insert", {"Id": 1, "tag": "", "total": 1.005}): "column total: 1.005 is no decimal",
            line("insert", {"tag": ""}): "column Id is missing",
            line("insert", {"Id": 1, "tag": ""}, table="others"): "it is of shop.others",
            line("insert", {"Id": 1, "tag": ""}, binlog="other"): "set source.rowsSince",
            line("insert", {"Id": 1, "tag": ""}, made="2026-01-01T00:00:00Z"): "rebuild the table",
            line("load", {"Id": 1, "tag": ""}, made="2026-01-01T00:00:00Z"): "rebuild the table",
            line("update", {"Id": 1, "tag": "", "total": 1}, {"tag": ""}): "column Id is missing",
        }.items():
            with self.subTest(why), self.assertRaisesRegex(Unreadable, why):
                states(text, binlog="bin", purged=datetime(2026, 6, 1, tzinfo=UTC))

    def test_a_column_that_the_table_lacks_ends_the_reading(self) -> None:
        bad = line("insert", {"Id": 1, "tag": "", "colour": "red"})
        with self.assertRaisesRegex(UnknownColumn, "^colour$"):
            states(bad)
        told, body = Told(), gzip.compress(line("load", {"Id": 1, "tag": ""}) + b"\n" + bad)
        self.assertEqual(1, len(list(read(Reader(TABLE), ["k.gz", "absent"], {"k.gz": body}.__getitem__, {}.__setitem__, told))))
        self.assertEqual("colour", told.unknown)

    def test_what_python_cannot_hold_is_refused_and_nothing_else(self) -> None:
        good = line("load", {"Id": 1, "tag": ""})
        bad = [
            good.replace(b'"orders"', b'"\\ud800"'),
            good.replace(b'"Id": 1', b'"Id": 1' + b"0" * 5000),
            good.replace(b"2026-11-28T10:00:00Z", b"0001-01-01T00:00:00+01:00"),
        ]
        told, aside = Told(), {}
        found = list(read(Reader(TABLE), ["k.gz"], {"k.gz": gzip.compress(b"\n".join([*bad, good]))}.__getitem__, aside.__setitem__, told))
        self.assertEqual((1, 3, 3), (len(found), told.refused, len(aside["k.gz"])))
        nameless = gzip.compress(line("load", {"Id": 1, "tag": "", "": 1}))
        list(read(Reader(TABLE), ["k.gz"], {"k.gz": nameless}.__getitem__, aside.__setitem__, told))
        self.assertEqual("", Told.parse([Told().text(), told.text()]).unknown)

    def test_what_parts_tell_is_added_up(self) -> None:
        reader, texts = Reader(TABLE), []
        for binlog in ("bin", "other"):
            told = Told()
            body = gzip.compress(b"\n".join((line("insert", {"Id": 1, "tag": ""}, binlog=binlog), line("load", {"Id": 2, "tag": ""}), b"{")))
            list(read(reader, ["k.gz"], {"k.gz": body}.__getitem__, {}.__setitem__, told))
            texts.append(told.text())
        self.assertEqual(Told(states=4, refused=2, unknown=None, binlogs={"bin", "other"}), Told.parse(texts))

    def test_what_is_none_of_the_tables_is_skipped(self) -> None:
        self.assertEqual([], states(b'{"control":{},"metadata":{"record-type":"control","operation":"add-column"}}'))
        later = Table(**{**TABLE.__dict__, "since": "2026-11-28T11:00:00Z"})
        self.assertEqual([], Reader(later).states(line("load", {"Id": 1, "tag": ""})))

    def test_refused_lines_are_put_aside_as_they_came(self) -> None:
        good, bad = line("load", {"Id": 1, "tag": ""}), b'{"a": 1.10, "\xff"'
        body = gzip.compress(good + b"\n") + gzip.compress(b"\n" + bad)  # Firehose may write several members
        aside: dict[str, list[bytes]] = {}
        told = Told()
        self.assertEqual(1, len(list(read(Reader(TABLE), ["k.gz"], {"k.gz": body}.__getitem__, aside.__setitem__, told))))
        self.assertEqual((1, 1), (told.states, told.refused))
        (put,) = map(json.loads, aside["k.gz"])
        self.assertEqual({"reason": "it is not UTF-8", "object": "k.gz", "record": '{"a": 1.10, "\\xff"'}, put)


if __name__ == "__main__":
    unittest.main()
