"""This package gives the same result for a line as the Go package internal/change."""

import json
import unittest
from pathlib import Path

from cdctables.kinds import KINDS, Kind
from cdctables.record import Key, Unreadable, _decoder, parse

VECTORS = Path(__file__).parents[3] / "internal/change/testdata"
FILES = {"mysql": "vectors.json", "postgresql": "vectors_postgresql.json"}


class Vectors(unittest.TestCase):
    def test_a_line_is_read_as_in_go(self) -> None:
        self.assertEqual(KINDS.keys(), FILES.keys())
        for name, file in FILES.items():
            for vector in json.loads((VECTORS / file).read_text()):
                with self.subTest(vector["line"], types=vector["types"]):
                    want = {k: v for k, v in vector.items() if k not in ("line", "key", "types")}
                    if "row" in want:
                        want["row"] = {column: _decoder.decode(value) for column, value in want["row"].items()}
                    self.assertEqual(said(vector, KINDS[name]), want)


def said(vector: dict[str, object], kind: Kind) -> dict[str, object]:
    """A vector's members other than the line and its key."""
    key = Key(vector["key"], vector["types"], kind.spelling)
    try:
        record = parse(vector["line"].encode(), kind.record)
        if record is None:
            return {"control": True}
        row = record.row()
        out = {"id": key.id(row), "version": str(record.order().version)}
        if (former := record.former()) is not None:
            before = key.id(former)
            if before != out["id"]:
                out["previous"] = before
        if len(row) > len(record.data):
            out["row"] = row
        if record.untold(vector["key"]):
            out["untold"] = True
        return out
    except Unreadable:
        return {"refused": True}


if __name__ == "__main__":
    unittest.main()
