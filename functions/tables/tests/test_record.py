"""What the Go package internal/change says of a line, this says too."""

import json
import unittest
from pathlib import Path

from cdctables.record import Key, Unreadable, parse

VECTORS = Path(__file__).parents[3] / "internal/change/testdata/vectors.json"


class Vectors(unittest.TestCase):
    def test_a_line_is_read_as_in_go(self) -> None:
        for vector in json.loads(VECTORS.read_text()):
            with self.subTest(vector["line"], types=vector["types"]):
                self.assertEqual(said(vector), {k: v for k, v in vector.items() if k not in ("line", "key", "types")})


def said(vector: dict[str, object]) -> dict[str, object]:
    """A vector's members beside the line and its key."""
    key = Key(vector["key"], vector["types"])
    try:
        record = parse(vector["line"].encode())
        if record is None:
            return {"control": True}
        out = {"id": key.id(record.data), "version": str(record.order().version)}
        if record.operation == "update" and record.before is not None:
            before = key.id(record.before)
            if before != out["id"]:
                out["previous"] = before
        return out
    except Unreadable:
        return {"refused": True}


if __name__ == "__main__":
    unittest.main()
