"""Which files a name in the catalog shows."""

import copy
import unittest

from cdctables.catalog import Catalog, Storage


class Missing(Exception):
    pass


class Glue:
    """A fake of Glue as far as the catalog calls it. It counts writes."""

    class exceptions:
        EntityNotFoundException = Missing

    def __init__(self) -> None:
        self.tables: dict[str, dict] = {}
        self.written = 0

    def get_table(self, DatabaseName, Name):
        if Name not in self.tables:
            raise Missing
        return {"Table": copy.deepcopy(self.tables[Name]) | {"DatabaseName": DatabaseName, "VersionId": "3", "CreatedBy": "somebody"}}

    def create_table(self, DatabaseName, TableInput):
        assert TableInput["Name"] not in self.tables
        self.written += 1
        self.tables[TableInput["Name"]] = TableInput

    def update_table(self, DatabaseName, TableInput, SkipArchive):
        assert TableInput["Name"] in self.tables and SkipArchive and "VersionId" not in TableInput
        self.written += 1
        self.tables[TableInput["Name"]] = TableInput

    def delete_table(self, DatabaseName, Name):
        if Name not in self.tables:
            raise Missing
        del self.tables[Name]


STORAGE = Storage("in", "out", "serde", {"table_type": "DELTA"})


class Names(unittest.TestCase):
    def setUp(self) -> None:
        self.glue = Glue()
        self.catalog = Catalog(self.glue, "lake")

    def test_an_entry_says_where_the_files_are_and_which_columns_they_have(self) -> None:
        self.assertIsNone(self.catalog.location("t"))
        self.catalog.show("t", "s3://b/1", {"id": "int"}, STORAGE)
        self.assertEqual(self.catalog.location("t"), "s3://b/1")
        self.assertEqual(self.glue.tables["t"]["Parameters"], {"EXTERNAL": "TRUE", "table_type": "DELTA"})
        self.catalog.show("t", "s3://b/1", {"id": "int"}, STORAGE)
        self.assertEqual(self.glue.written, 1, "it says so already")
        self.catalog.show("t", "s3://b/1", {"id": "int", "more": "string"}, STORAGE)
        self.assertEqual([c["Name"] for c in self.glue.tables["t"]["StorageDescriptor"]["Columns"]], ["id", "more"])
        self.assertEqual(self.glue.written, 2)

    def test_a_name_takes_what_another_shows(self) -> None:
        self.catalog.show("t", "s3://b/1", {"id": "int"}, STORAGE)
        self.catalog.show("n", "s3://b/2/", {"id": "bigint"}, STORAGE)
        for _ in range(2):  # the second time simulates a repetition after an interruption
            self.catalog.take("t", "n")
            self.assertEqual(self.catalog.location("t"), "s3://b/2")
            self.assertEqual(self.glue.tables["t"]["Name"], "t")
            self.assertIsNone(self.catalog.location("n"))

    def test_a_name_that_is_gone_is_taken_too(self) -> None:
        self.catalog.show("n", "s3://b/2", {"id": "int"}, STORAGE)
        self.catalog.take("t", "n")
        self.assertEqual(self.catalog.location("t"), "s3://b/2")
        self.catalog.forget("n")


if __name__ == "__main__":
    unittest.main()
