"""How PostgreSQL's records change a table's rows."""

import json
import unittest
from dataclasses import replace
from typing import Any

from cdctables.reader import Reader, UnknownColumn
from cdctables.record import Unreadable
from cdctables.spec import Column, Spec, Table

TABLE = Table(
    "shop_notes_table", "shop_notes_next", "shop", "notes", "raw/schema=shop/table=notes/", "tables/1/iceberg/shop_notes/all",
    (Column("id", "id", "bigint", "bigint"), Column("total", "total", "numeric(9,2)", "decimal(9,2)"), Column("body", "body", "text", "string", outside=True)),
    ("id",), ("secret",), kind="postgresql",
)  # fmt: skip


def line(op: str, data: dict[str, Any], before: dict[str, Any] | None = None, lsn: str = "2/7C0071A0", number: int = 1, begin: str = "2/7C007178") -> bytes:
    metadata = {"record-type": "data", "operation": op, "schema-name": "shop", "table-name": "notes", "timestamp": "2026-11-28T10:00:00Z"}
    if op != "load":
        metadata |= {
            "commit-timestamp": "2026-11-28T10:00:00Z",
            "transaction-id": 7,
            "transaction-record-id": number,
            "stream-position": f"{lsn}.3.{begin}",
        }
    return json.dumps({"data": data, "metadata": metadata} | ({"before-image": before} if before is not None else {})).encode()


def states(text: bytes) -> list[dict[str, Any]]:
    names = ["id", "total", "body", "key", "version", "gone", "at"]
    return [dict(zip(names, state, strict=True)) for state in Reader(TABLE).states(text)]


class Lines(unittest.TestCase):
    def test_what_an_update_leaves_out_is_as_it_was(self) -> None:
        (row,) = states(line("update", {"id": 1, "total": 2}, {"id": 1, "total": 1, "body": "long"}))
        self.assertEqual((1, "2.00", "long", 1 << 62 | 0x2_7C0071A0), (row["id"], str(row["total"]), row["body"], row["version"]))
        (row,) = states(line("update", {"id": 1, "total": 2, "body": None}, {"id": 1, "total": 1, "body": "long"}))
        self.assertIsNone(row["body"], "NULL is a value that is told")

    def test_an_update_that_may_lack_a_value_is_refused(self) -> None:
        for before in (None, {}, {"id": 1}):
            with self.assertRaisesRegex(Unreadable, "column body .* REPLICA IDENTITY FULL"):
                states(line("update", {"id": 1, "total": 2}, before))
        (row,) = states(line("update", {"id": 1, "total": 2}, {"id": 1, "total": 1}))
        self.assertIsNone(row["body"], "the table had no such column when its whole row was logged")
        self.assertEqual(1, len(states(line("update", {"id": 1, "body": "x"}))), "a number is never left out")

    def test_a_change_of_the_key_ends_the_former_row(self) -> None:
        now, former = states(line("update", {"id": 2, "total": 2, "body": "x"}, {"id": 1}))
        self.assertEqual((2, False, "1", True, None), (now["id"], now["gone"], former["key"], former["gone"], former["total"]))
        self.assertEqual(now["version"], former["version"])

    def test_a_delete_may_have_the_key_alone(self) -> None:
        (row,) = states(line("delete", {"id": 1}))
        self.assertEqual(("1", True), (row["key"], row["gone"]))

    def test_what_has_no_place_in_the_log_is_refused(self) -> None:
        with self.assertRaisesRegex(Unreadable, "where the transaction begins"):
            states(line("delete", {"id": 1}, lsn="2/7C007178", number=2))
        with self.assertRaisesRegex(Unreadable, "LSN.number.LSN"):
            states(line("delete", {"id": 1}, lsn="bin.000007:4"))

    def test_a_column_that_only_the_former_row_has_is_unknown_too(self) -> None:
        with self.assertRaisesRegex(UnknownColumn, "^colour$"):
            states(line("update", {"id": 1, "total": 2}, {"id": 1, "total": 1, "body": "x", "colour": "red"}))
        self.assertEqual(1, len(states(line("update", {"id": 1}, {"id": 1, "body": "x", "secret": "s"}))))

    def test_a_specification_says_the_kind(self) -> None:
        column = {"name": "id", "member": "id", "declared": "bigint", "type": "bigint"}
        table = {"name": "t", "next": "n", "schema": "s", "table": "t", "raw": "r/", "location": "l", "columns": [column, column | {"outside": True}], "key": ["id"]}
        spec = {"format": "iceberg", "bucket": "b", "database": "d", "errors": "e", "state": "s", "tombstone_days": 1, "lookback_days": 1, "tables": [table]}
        self.assertEqual("mysql", Spec.parse(json.dumps(spec)).tables[0].kind)
        table["kind"] = "postgresql"
        (read,) = Spec.parse(json.dumps(spec)).tables
        self.assertEqual(("postgresql", False, True), (read.kind, read.columns[0].outside, read.columns[1].outside))
        with self.assertRaises(KeyError):
            Reader(replace(TABLE, kind="oracle"))


if __name__ == "__main__":
    unittest.main()
